import { MillraceError } from '@millrace/kernel';
import { explainPlan, loadPipeline, planGraph, registerPlatformImports, usedStages } from '@millrace/pipeline';
import type { PlanAnswer, PlanRequest } from './module-plan.ts';

/** The process in which a module is asked for its pipeline or its exports; see `planModule`, `exportsOfModule`. */

process.setSourceMapsEnabled(true);
registerPlatformImports();

async function answer(spec: PlanRequest): Promise<PlanAnswer> {
  try {
    if ('exportsOf' in spec) {
      const exports = (await import(spec.exportsOf)) as Readonly<Record<string, unknown>>;
      return { exports: Object.fromEntries(Object.entries(exports).map(([name, value]) => [name, typeof value])) };
    }
    const { graph } = await loadPipeline(spec);
    const plan = { explanation: explainPlan(planGraph(graph, { threads: spec.threads })), uses: usedStages(graph) };
    // What cannot be sent would only be noticed at the other side.
    return { plan: structuredClone(plan) };
  } catch (error) {
    if (error instanceof MillraceError)
      return { error: { code: error.code.code, message: error.message, mend: error.mend } };
    const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
    const where = placeIn(stack);
    const told = `the module failed: ${name}: ${message}${where === undefined ? '' : ` (${where})`}`;
    return { error: { code: undefined, message: told, mend: undefined } };
  }
}

/** The user's own file and line in a stack: not of the platform, not of Node.js. */
function placeIn(stack: string | undefined): string | undefined {
  const lines = (stack ?? '').split('\n').slice(1);
  const own = lines.find((line) => /:\d+:\d+\)?$/.test(line) && !/node:|node_modules|\/(libs|apps)\//.test(line));
  return /([^/\\(\s]+:\d+:\d+)\)?$/.exec(own ?? '')?.[1];
}

process.once('message', (spec: PlanRequest) => {
  void answer(spec).then((sent) => process.send!(sent));
});
