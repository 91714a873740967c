import { describe, expect, it } from '@jest/globals';
import { type Clock, systemClock } from '@millrace/kernel';
import type { Processor, ProcessorContext } from '../contract/processor.ts';
import type { Tasklet } from '../tasklet/tasklet.ts';
import { Instance } from './instance.ts';

/** An instance whose time limits are reached when the test says so. */
function setUp(processor: Processor) {
  const limits: (() => void)[] = [];
  const clock: Clock = {
    ...systemClock,
    timer: (_, reached) => {
      limits.push(reached);
      return () => undefined;
    },
  };
  const tasklet = { processor, vertex: 'sink', globalIndex: 1 } as Tasklet;
  const readMetrics = () => ({
    vertex: 'sink',
    globalIndex: 1,
    rowsIn: 0,
    rowsOut: 0,
    busyMs: 0,
    blockedMs: 0,
    out: [],
    queues: [],
    durations: {},
    custom: {},
  });
  return { instance: new Instance(tasklet, {} as ProcessorContext, [], readMetrics), clock, limits };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('closing an instance', () => {
  it('waits for what is under way first', async () => {
    const log: string[] = [];
    const committing = Promise.withResolvers<void>();
    const { instance, clock } = setUp({
      snapshotCommit: () => committing.promise.then(() => void log.push('committed')),
      close: () => void log.push('closed'),
    });
    const committed = instance.commit(1);
    const closed = instance.close(clock);
    await turn();
    expect(log).toEqual([]);
    committing.resolve();
    await committed;
    expect(await closed).toBeUndefined();
    expect(log).toEqual(['committed', 'closed']);
  });

  it('calls close even when what is under way never ends, and says when close does not end either', async () => {
    let closes = 0;
    const never = new Promise<void>(() => undefined);
    const { instance, clock, limits } = setUp({
      snapshotCommit: () => never,
      close: () => {
        closes += 1;
        return never;
      },
    });
    void instance.commit(1);
    const closed = instance.close(clock);
    limits.shift()!();
    await turn();
    expect(closes).toBe(1);
    limits.shift()!();
    expect(await closed).toMatchObject({
      code: 'engine.close_failed',
      message: 'sink#1 did not close within 5000 ms',
      details: { vertex: 'sink', globalIndex: 1 },
    });
  });
});
