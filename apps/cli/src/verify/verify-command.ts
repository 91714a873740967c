import { MillraceError, parseDurationMs, toErrorRecord } from '@millrace/kernel';
import { Command } from 'commander';
import type { PositionProof } from './common-position.ts';
import { compareTables, DIFFERENCES_MAX, POSITION_WAIT_MS } from './compare-tables.ts';
import { BadArgument } from './errors.ts';
import { reportLines } from './report.ts';
import type { TableRequest } from './table-pair.ts';

/** Exit codes of `millrace verify`. */
export const ExitCode = { Equal: 0, Different: 1, NotCompared: 2 } as const;

interface Options {
  readonly source?: string;
  readonly target?: string;
  readonly table: readonly string[];
  readonly slot: readonly string[];
  readonly job?: string;
  readonly atRest?: true;
  readonly wait: string;
  readonly limit: string;
  readonly json?: true;
}

const bad = (message: string, mend: string): MillraceError => new MillraceError(BadArgument, { message, mend });

/** `public.orders`, `public.orders=wh.orders`, either with `:key,columns` after it. */
export function parseTable(text: string): TableRequest {
  const [names, key, ...rest] = text.split(':');
  const [source, target, ...more] = names!.split('=');
  if (!source || rest.length > 0 || more.length > 0 || target === '' || key === '') {
    throw bad(`"${text}" names no table`, 'Write source[=target][:key,…], for example public.orders=wh.orders:id.');
  }
  return { source, target, key: key?.split(',') };
}

function proofOf(options: Options): PositionProof {
  const given = [options.slot.length > 0, options.job !== undefined, options.atRest === true].filter(Boolean).length;
  if (given !== 1)
    throw bad(
      'say once how the target is known to be up to date',
      'Give --job ID, --slot NAME (one or more), or --at-rest when nobody writes.',
    );
  if (options.atRest) return 'at-rest';
  return options.job === undefined ? { slots: options.slot } : { jobId: options.job };
}

async function run(options: Options, environment: NodeJS.ProcessEnv, print: (line: string) => void): Promise<number> {
  try {
    const source = options.source ?? environment.MILLRACE_VERIFY_SOURCE;
    const target = options.target ?? environment.MILLRACE_VERIFY_TARGET;
    if (!source || !target)
      throw bad(
        'source or target is missing',
        'Give --source and --target, or MILLRACE_VERIFY_SOURCE and MILLRACE_VERIFY_TARGET (which keep passwords out of the process list).',
      );
    const waitMs = parseDurationMs(options.wait);
    if (waitMs === undefined) throw bad(`--wait ${options.wait} is not a duration`, 'Write 500ms, 30s or 2m.');
    const differencesMax = Number(options.limit);
    if (!Number.isInteger(differencesMax) || differencesMax < 1)
      throw bad(`--limit ${options.limit} is not a number of keys`, 'Write a number from 1 on.');
    const comparison = await compareTables({
      source,
      target,
      tables: options.table.map(parseTable),
      position: proofOf(options),
      waitMs,
      differencesMax,
    });
    if (options.json) print(JSON.stringify(comparison));
    else for (const line of reportLines(comparison)) print(line);
    return comparison.isEqual ? ExitCode.Equal : ExitCode.Different;
  } catch (error) {
    const { code, message, mend } = toErrorRecord(error);
    if (options.json) print(JSON.stringify({ error: { code, message, mend } }));
    else
      for (const line of [`could not compare: ${message} [${code}]`, ...(mend === undefined ? [] : [mend])])
        print(line);
    return ExitCode.NotCompared;
  }
}

const gather = (value: string, previous: readonly string[]): readonly string[] => [...previous, value];

/** `millrace verify`; hands its exit code (see `ExitCode`) to `exit`. */
export function verifyCommand(
  exit: (code: number) => void,
  print: (line: string) => void,
  environment: NodeJS.ProcessEnv,
): Command {
  return new Command('verify')
    .description(
      'Compares tables of a source with their copies at a common position. Exit code 0: equal, 1: different, 2: could not compare.',
    )
    .option('--source <url>', 'postgres:// URL of the source (or MILLRACE_VERIFY_SOURCE)')
    .option('--target <url>', 'postgres:// URL of the target (or MILLRACE_VERIFY_TARGET)')
    .option('--table <source[=target][:key,…]>', 'a table; may be given several times', gather, [])
    .option('--job <id>', 'wait for all slots of this job')
    .option('--slot <name>', 'wait for this slot; may be given several times', gather, [])
    .option('--at-rest', 'nobody writes and the target is up to date: wait for nothing')
    .option(
      '--wait <duration>',
      'how long to wait for locks and slots; writers may be blocked as long',
      `${POSITION_WAIT_MS}ms`,
    )
    .option('--limit <n>', 'differing keys listed per table', String(DIFFERENCES_MAX))
    .option('--json', 'one JSON object')
    .action(async (options: Options) => exit(await run(options, environment, print)));
}
