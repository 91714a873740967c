import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { errorCode, MillraceError } from '@millrace/kernel';
import {
  buildGraph,
  explainPlan,
  loadPipeline,
  type PlanExplanation,
  parsePipeline,
  planGraph,
  planGraphviz,
  planMermaid,
  planText,
  registerPlatformImports,
} from '@millrace/pipeline';
import { plan } from '@millrace/sdk/config';
import { Command } from 'commander';
import { type ApiOptions, sdkClient, withApi } from '../access/api-options.ts';
import { configIn, loadConfig } from '../configuration/load-config.ts';
import { hasDifferences, planLines } from '../configuration/plan-report.ts';
import { withSdkErrors } from '../configuration/sdk-errors.ts';
import { bundleJob } from '../submit/bundle-job.ts';
import { documentIn } from '../submit/submit-command.ts';

export const BadPlanOption = errorCode('cli.bad_plan_option', {
  domain: 'user',
  retry: 'never',
  title: 'A bad option',
});

const DOCUMENTS = new Set(['.json', '.yaml', '.yml']);

interface Options extends ApiOptions {
  readonly format: string;
  readonly threads: string;
  readonly export?: string;
  readonly options?: string;
  readonly verbose?: true;
  readonly prune?: true;
  readonly out?: string;
  readonly exitCode?: true;
}

const FORMATS: Readonly<Record<string, (plan: PlanExplanation) => string>> = {
  text: planText,
  json: (plan) => JSON.stringify(plan, null, 2),
  dot: planGraphviz,
  mermaid: planMermaid,
};

/** With `--exit-code`. */
const EXIT = { nothingToDo: 0, failed: 1, differences: 2 } as const;

/** `millrace plan`: how a job would run, without any server; or what a configuration would change. */
export function planCommand(
  exit: (code: number) => void,
  print: (line: string) => void,
  environment: NodeJS.ProcessEnv,
): Command {
  return withApi(new Command('plan'), environment)
    .description(
      'Of a job: how it would run, the DAG, what is fused and why not; needs no server. Of configurations: what millrace apply would do.',
    )
    .argument('<files...>', 'job.ts, job.json or job.yaml; or configurations in these languages')
    .option('--format <format>', 'text or json; of a job also dot (Graphviz) or mermaid', 'text')
    .option('--threads <n>', 'engine threads of a member', '2')
    .option('--export <name>', 'the export that is, or makes, the pipeline', 'default')
    .option('--options <json>', 'what the export is called with')
    .option('--verbose', 'with the generated code (json)')
    .option('--prune', 'of a configuration: delete what it does not name')
    .option('--out <file>', 'of a configuration: keep the plan, for millrace apply --plan')
    .option('--exit-code', 'of a configuration: 0 nothing to do, 2 differences, 1 failed')
    .action(async (files: string[], options: Options) => {
      const end = options.exitCode === true ? exit : () => {};
      end(EXIT.failed);
      const [file] = files;
      if (files.length === 1 && (await configIn(file!)) === undefined) {
        await show(file!, options, print);
        return end(EXIT.nothingToDo);
      }
      const planned = await withSdkErrors(async () =>
        plan(await sdkClient(options, environment), await loadConfig(files), { prune: options.prune }),
      );
      if (options.out !== undefined) await writeFile(options.out, `${JSON.stringify(planned, null, 2)}\n`);
      if (options.format === 'json') print(JSON.stringify(planned, null, 2));
      else for (const line of planLines(planned)) print(line);
      end(hasDifferences(planned) ? EXIT.differences : EXIT.nothingToDo);
    });
}

async function show(file: string, options: Options, print: (line: string) => void): Promise<void> {
  const format = FORMATS[options.format];
  const threads = Number(options.threads);
  if (format === undefined || !Number.isInteger(threads) || threads < 1) {
    throw new MillraceError(BadPlanOption, {
      message:
        format === undefined ? `there is no format "${options.format}"` : `${options.threads} threads are not possible`,
      mend: `Formats: ${Object.keys(FORMATS).join(', ')}; threads: a number from 1.`,
    });
  }
  const graph = DOCUMENTS.has(extname(file))
    ? buildGraph(parsePipeline(await documentIn(file)))
    : await graphOf(file, options, threads);
  print(format(explainPlan(planGraph(graph, { threads }), { verbose: options.verbose })));
}

async function graphOf(file: string, options: Options, threads: number) {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-plan-'));
  try {
    const bundled = join(folder, 'job.mjs');
    await writeFile(bundled, await bundleJob(file));
    registerPlatformImports();
    const given = options.options === undefined ? undefined : (JSON.parse(options.options) as unknown);
    const module = pathToFileURL(bundled).href;
    return (await loadPipeline({ module, exportName: options.export, options: given, threads })).graph;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
