import { Command } from 'commander';
import { restClient, withApi } from '../access/api-options.ts';
import type { RestClient } from '../rest-client.ts';
import type { Letter, LetterDetail, LetterGroup, Outcome } from './answers.ts';
import { bad, editOf, filterQuery, type Options, rateOf, selectionOf } from './arguments.ts';
import { groupLines, letterLines, listLines, outcomeLines } from './report.ts';

interface Request {
  readonly job: string;
  readonly ids: readonly string[];
  readonly options: Options;
  readonly rest: RestClient;
  /** Where the job's letters are, without a slash at the end. */
  readonly path: string;
}

/** The answer as it came, and what is said of it. */
interface Told {
  readonly answer: unknown;
  readonly lines: readonly string[];
}

const ACTIONS: Readonly<Record<string, (request: Request) => Promise<Told>>> = {
  list,
  groups,
  show,
  edit,
  'undo-edit': undoEdit,
  replay,
  'cancel-replay': cancelReplay,
  discard,
};

const gather = (value: string, previous: readonly string[]): readonly string[] => [...previous, value];

/** `millrace dead-letters`: records that stages of a job set aside. */
export function deadLettersCommand(print: (line: string) => void, environment: NodeJS.ProcessEnv): Command {
  return withApi(new Command('dead-letters'), environment)
    .description('Records that stages of a job set aside: look at them, edit them, replay them or give them up.')
    .argument('<job>', 'name or id')
    .argument('[action]', Object.keys(ACTIONS).join(', '), 'list')
    .argument('[letters...]', 'such as copy.17')
    .option('--state <state>', 'list, groups: only open, replaying, replayed or discarded ones')
    .option('--reason <code>', 'only with this error code')
    .option('--stage <stage>', 'only of this stage')
    .option('--table <table>', 'only of this table, such as public.orders')
    .option('--key <column=value>', 'only of this key; may be given several times', gather, [])
    .option('--limit <n>', 'list: letters shown', '50')
    .option('--oldest-first', 'list: in the order they were set aside')
    .option('--all', 'replay, cancel-replay, discard: all, without a filter')
    .option('--with-key', 'replay, discard: with all open letters of the same keys')
    .option('--rate <n>', 'replay: letters a second at most')
    .option('--because <text>', 'discard: why; kept in the audit log')
    .option('--set <column=value>', "edit: PostgreSQL's text; may be given several times", gather, [])
    .option('--set-null <column>', 'edit: may be given several times', gather, [])
    .option('--op <op>', 'edit: c (created), u (updated), d (deleted), r (read)')
    .option('--dry-run', 'edit, replay, cancel-replay, discard: only tell what would happen')
    .option('--curl', 'show the requests')
    .option('--json', 'the answer of the API as it is')
    .action(async (job: string, action: string, ids: readonly string[], options: Options) => {
      const act = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
      if (act === undefined)
        throw bad(`there is no action "${action}"`, `Actions: ${Object.keys(ACTIONS).join(', ')}.`);
      const rest = await restClient(options, environment, options.curl ? print : undefined);
      const path = `jobs/${encodeURIComponent(job)}/dead-letters`;
      const { answer, lines } = await act({ job, ids, options, rest, path });
      if (options.json) print(JSON.stringify(answer));
      else for (const line of lines) print(line);
    });
}

async function list({ rest, path, options }: Request): Promise<Told> {
  const order = options.oldestFirst ? 'oldest' : 'newest';
  const query = filterQuery(options, { limit: options.limit, order });
  const answer = await rest.get<{ items: readonly Letter[]; nextCursor: string | null }>(`${path}${query}`);
  return { answer, lines: listLines(answer.items, answer.nextCursor !== null) };
}

async function groups({ rest, path, options }: Request): Promise<Told> {
  const answer = await rest.get<{ items: readonly LetterGroup[] }>(`${path}/groups${filterQuery(options)}`);
  return { answer, lines: groupLines(answer.items) };
}

async function show(request: Request): Promise<Told> {
  const answer = await request.rest.get<LetterDetail>(letterPath(request, 'show'));
  return { answer, lines: letterLines(answer) };
}

async function edit(request: Request): Promise<Told> {
  const { rest, job, options } = request;
  const path = letterPath(request, 'edit');
  const body = editOf(options);
  if (options.dryRun) {
    const answer = await rest.get<LetterDetail>(path);
    const lines = [...letterLines(answer), `would be changed: ${JSON.stringify(body)}`];
    return { answer, lines };
  }
  const answer = await rest.patch<LetterDetail>(path, body);
  const lines = [
    ...letterLines(answer),
    `replay it: millrace dead-letters ${job} replay ${answer.id}`,
    `undo the edit: millrace dead-letters ${job} undo-edit ${answer.id}`,
  ];
  return { answer, lines };
}

async function undoEdit(request: Request): Promise<Told> {
  const answer = await request.rest.delete<LetterDetail>(`${letterPath(request, 'undo-edit')}/edit`);
  return { answer, lines: [...letterLines(answer), 'the record is as it was set aside'] };
}

async function replay({ rest, path, job, ids, options }: Request): Promise<Told> {
  const selection = selectionOf('replay', ids, options);
  const answer = await rest.post<Outcome>(`${path}/replay`, {
    ...selection,
    ...rateOf(options),
    withKey: options.withKey === true,
    dryRun: options.dryRun === true,
  });
  const lines = [
    ...outcomeLines(answer, options.dryRun ? 'replayed' : 'to be replayed', { dryRun: options.dryRun === true }),
  ];
  if (!options.dryRun && answer.letters > 0) {
    lines.push(
      answer.jobStatus === 'RUNNING'
        ? 'the job takes them up in the order they were set aside'
        : `the job is ${answer.jobStatus}: it takes them up when it runs`,
      `watch: millrace dead-letters ${job} groups`,
      `take back what it has not taken up: millrace dead-letters ${job} cancel-replay ${ids.length > 0 ? ids.join(' ') : '--all'}`,
    );
  }
  return { answer, lines };
}

async function cancelReplay({ rest, path, job, ids, options }: Request): Promise<Told> {
  const selection = selectionOf('cancel-replay', ids, options);
  const answer = await rest.post<Outcome>(`${path}/cancel-replay`, { ...selection, dryRun: options.dryRun === true });
  const lines = [...outcomeLines(answer, 'open again', { dryRun: options.dryRun === true })];
  if (!options.dryRun && answer.letters > 0) lines.push(`replay: millrace dead-letters ${job} replay …`);
  return { answer, lines };
}

async function discard({ rest, path, ids, options }: Request): Promise<Told> {
  const selection = selectionOf('discard', ids, options);
  if (options.because === undefined && !options.dryRun)
    throw bad('discard needs a reason', 'Give --because "why they are given up"; the audit log keeps it.');
  const answer = await rest.post<Outcome>(`${path}/discard`, {
    ...selection,
    withKey: options.withKey === true,
    dryRun: options.dryRun === true,
    ...(options.because === undefined ? {} : { because: options.because }),
  });
  const lines = [...outcomeLines(answer, 'given up', { dryRun: options.dryRun === true })];
  if (answer.letters > 0) {
    lines.push('giving up can not be undone; the records stay readable here until the job is deleted');
  }
  return { answer, lines };
}

function letterPath({ path, ids }: Request, action: string): string {
  if (ids.length !== 1)
    throw bad(`${action} is about one letter`, `Name it: millrace dead-letters JOB ${action} copy.17`);
  return `${path}/${encodeURIComponent(ids[0]!)}`;
}
