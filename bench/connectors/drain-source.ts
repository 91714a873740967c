import type { SourceConnector } from '@millrace/connector-contract';
import type { ProcessorContext } from '@millrace/engine';
import { isChangeBatch } from '@millrace/formats';
import { systemClock, ulids } from '@millrace/kernel';

/** Runs one instance of a bounded source to its end, and forgets the rows. @throws Error when they are not `expected` */
export async function drainSource<Config, Stage>(
  connector: SourceConnector<Config, Stage>,
  config: unknown,
  stage: unknown,
  expected: number,
): Promise<void> {
  const supplier = connector.createSource({
    config: connector.config.parse(config),
    stage: connector.stage.parse(stage),
    job: { jobId: 'bench', jobName: 'bench', stage: 'bench' },
    sinksShowRowsAtOnce: false,
  });
  const source = supplier({ globalIndex: 0, totalParallelism: 1 });
  let rows = 0;
  let isAwake = true;
  let notify = (): void => {};
  const failure = Promise.withResolvers<never>();
  const offer: ProcessorContext['outbox']['offer'] = (item) => {
    if (item.kind !== 'watermark' && isChangeBatch(item)) rows += item.length;
    return true;
  };
  await source.init?.({
    jobId: 'bench',
    jobName: 'bench',
    generation: 1,
    vertex: 'source',
    globalIndex: 0,
    totalParallelism: 1,
    guarantee: 'exactly-once',
    restoredSnapshotId: undefined,
    outbox: { edgeCount: 1, offer, offerTo: (_, item) => offer(item) },
    clock: systemClock,
    ids: ulids,
    metrics: { add() {}, set() {}, observe() {} },
    signal: new AbortController().signal,
    wake() {
      isAwake = true;
      notify();
    },
    fail: failure.reject,
  });
  await source.restoreFinished?.();
  while (source.complete?.() === false) {
    if (!isAwake) await Promise.race([new Promise<void>((resolve) => (notify = resolve)), failure.promise]);
    isAwake = false;
  }
  await source.close?.();
  if (rows !== expected) throw new Error(`${rows} rows instead of ${expected}`);
}
