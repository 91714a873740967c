import type { Engine } from '@millrace/engine';
import type { WarmUpSpec } from './job-spec.ts';

/**
 * Lets every engine thread import the DAG module with all connectors, which takes longer than anything else in taking over a job: a standby
 * member has done it before it is needed. A build that cannot be imported is found out here, too.
 */
export async function warmUp(engine: Engine, dagModule: string): Promise<void> {
  const spec: WarmUpSpec = { warmUpThreads: engine.threadCount };
  const execution = await engine.deploy({
    jobId: 'warm-up',
    jobName: 'warm-up',
    generation: 0,
    guarantee: 'none',
    dagModule,
    spec,
    restore: undefined,
  });
  execution.start();
  await execution.completion;
  await execution.stop();
}
