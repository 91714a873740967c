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
import { Command } from 'commander';
import { bundleJob } from '../submit/bundle-job.ts';
import { documentIn } from '../submit/submit-command.ts';

export const BadPlanOption = errorCode('cli.bad_plan_option', {
  domain: 'user',
  retry: 'never',
  title: 'A bad option',
});

interface Options {
  readonly format: string;
  readonly threads: string;
  readonly export?: string;
  readonly options?: string;
  readonly verbose?: true;
}

const FORMATS: Readonly<Record<string, (plan: PlanExplanation) => string>> = {
  text: planText,
  json: (plan) => JSON.stringify(plan, null, 2),
  dot: planGraphviz,
  mermaid: planMermaid,
};

/** `millrace plan`: how a job would run, without any server. */
export function planCommand(print: (line: string) => void): Command {
  return new Command('plan')
    .description('Shows how a job would run: the DAG, what is fused and why not. Needs no server.')
    .argument('<file>', 'job.ts or job.json')
    .option('--format <format>', 'text, json, dot (Graphviz) or mermaid', 'text')
    .option('--threads <n>', 'engine threads of a member', '2')
    .option('--export <name>', 'the export that is, or makes, the pipeline', 'default')
    .option('--options <json>', 'what the export is called with')
    .option('--verbose', 'with the generated code (json)')
    .action((file: string, options: Options) => show(file, options, print));
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
  const graph =
    extname(file) === '.json'
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
