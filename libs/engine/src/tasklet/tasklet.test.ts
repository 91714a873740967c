import { describe, expect, it } from '@jest/globals';
import { systemClock } from '@millrace/kernel';
import { type Batch, type RowBatch, rowBatch } from '../contract/batch.ts';
import { barrier, END_OF_INPUT } from '../contract/mark.ts';
import type { Outbox, Processor } from '../contract/processor.ts';
import type { SnapshotEntry } from '../contract/snapshot.ts';
import { EdgeOutbox } from '../edge/edge-outbox.ts';
import { EdgeWriter } from '../edge/edge-writer.ts';
import { isBatch } from '../edge/item.ts';
import { LocalStream } from '../edge/local-stream.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import { Inputs } from './inputs.ts';
import { InstanceFigures } from './instance-metrics.ts';
import { Tasklet } from './tasklet.ts';

const BOUNDS = { rowsMax: 2, bytesMax: 1_000_000 };

/** A tasklet between `inputs` local streams and two targets of one broadcast edge; the test takes the scheduler's turns. */
function setUp(inputCount: number, makeProcessor: (outbox: Outbox) => Processor) {
  const turns: (() => void)[] = [];
  const log: string[] = [];
  const streams = Array.from({ length: inputCount }, () => new LocalStream({ rowsMax: 100, bytesMax: 1_000_000 }));
  const targets = [new LocalStream(BOUNDS), new LocalStream(BOUNDS)] as const;
  const outbox = new EdgeOutbox([new EdgeWriter({ kind: 'broadcast' }, targets)]);
  const scheduler = new Scheduler(systemClock, (turn) => turns.push(turn));
  const tasklet = new Tasklet({
    vertex: 'v',
    globalIndex: 0,
    processor: makeProcessor(outbox),
    inputs: new Inputs(
      streams.map((reader, ordinal) => ({ ordinal, priority: 0, reader })),
      true,
    ),
    outbox,
    figures: new InstanceFigures(),
    scheduler,
    clock: systemClock,
    listener: {
      failed: (_, error) => log.push(`failed ${String(error)}`),
      saved: (_, snapshotId, entries) => log.push(`saved ${snapshotId}: ${entries.map((entry) => entry.key).join()}`),
      completed: () => log.push('completed'),
      slow: ({ callback }) => log.push(`slow ${callback}`),
      priorityDone: () => log.push('priority done'),
    },
  });
  for (const target of targets) target.onRoom = () => tasklet.wake();
  for (const stream of streams) stream.onItem = () => tasklet.inputArrived();
  const settle = () => {
    while (turns.length > 0) turns.shift()!();
  };
  const taken = (target: LocalStream): unknown[] => {
    const items: unknown[] = [];
    for (let item = target.take(); item !== undefined; item = target.take()) {
      items.push(isBatch(item) ? (item as RowBatch).rows[0] : item);
    }
    return items;
  };
  return { tasklet, streams, targets, log, settle, taken };
}

/** Emits 0, 1, 2, … up to `count` and saves the next number. */
class Numbers implements Processor {
  readonly #outbox: Outbox;
  readonly #count: number;
  #next = 0;
  #pending: Batch | undefined;

  constructor(outbox: Outbox, count: number) {
    this.#outbox = outbox;
    this.#count = count;
  }

  complete(): boolean {
    while (this.#next < this.#count) {
      this.#pending ??= rowBatch([this.#next]);
      if (!this.#outbox.offer(this.#pending)) return false;
      this.#pending = undefined;
      this.#next += 1;
    }
    return true;
  }

  saveSnapshot(_snapshotId: number, writer: { offer(entry: SnapshotEntry): boolean }): boolean {
    return writer.offer({ partition: 0, key: String(this.#next), value: new Uint8Array(0) });
  }
}

const passOn = (outbox: Outbox): Processor => ({
  process: (_, batch) => outbox.offer(batch),
  saveSnapshot: (_, writer) => writer.offer({ partition: 0, key: 'state', value: new Uint8Array(0) }),
});

describe('a tasklet', () => {
  it('finishes a half delivered item before a barrier, and begins no other', () => {
    const { tasklet, targets, log, settle, taken } = setUp(0, (outbox) => new Numbers(outbox, 100));
    tasklet.start();
    settle();
    // Target 0 takes item 2, target 1 has no room for it.
    expect(taken(targets[0])).toEqual([0, 1]);
    settle();
    tasklet.announce(1);
    settle();
    expect(log).toEqual([]);
    expect(taken(targets[1])).toEqual([0, 1]);
    settle();
    expect(log).toEqual(['saved 1: 3']);
    const after = targets.map(taken);
    expect(after[0]!.slice(0, 2)).toEqual([2, barrier(1)]);
    expect(after[1]!.slice(0, 2)).toEqual([2, barrier(1)]);
  });

  it('takes a barrier at once when the refused item is with no target', () => {
    const { tasklet, targets, log, settle, taken } = setUp(0, (outbox) => new Numbers(outbox, 3));
    tasklet.start();
    settle();
    tasklet.announce(1);
    settle();
    expect(log).toEqual(['saved 1: 2']);
    expect(targets.map(taken)).toEqual([
      [0, 1, barrier(1)],
      [0, 1, barrier(1)],
    ]);
    settle();
    expect(targets.map(taken)).toEqual([
      [2, END_OF_INPUT],
      [2, END_OF_INPUT],
    ]);
  });

  it('saves once when the barrier is faster than its announcement, also when the inputs end in between', () => {
    const { tasklet, streams, log, settle } = setUp(1, passOn);
    tasklet.start();
    tasklet.announce(1);
    streams[0]!.put(barrier(1));
    settle();
    streams[0]!.put(barrier(2));
    streams[0]!.put(END_OF_INPUT);
    settle();
    tasklet.announce(2);
    settle();
    expect(log).toEqual(['saved 1: state', 'saved 2: state', 'completed']);
  });

  it('answers an announced snapshot when all inputs have ended without a barrier, and after it has completed', () => {
    const { tasklet, streams, targets, log, settle, taken } = setUp(2, passOn);
    tasklet.start();
    tasklet.announce(1);
    streams[0]!.put(END_OF_INPUT);
    settle();
    expect(log).toEqual([]);
    streams[1]!.put(END_OF_INPUT);
    settle();
    tasklet.announce(2);
    settle();
    expect(log).toEqual(['saved 1: state', 'completed', 'saved 2: state']);
    expect(taken(targets[0])).toEqual([barrier(1), END_OF_INPUT]);
  });

  it('calls complete of a source while snapshotReady says no, and hears a wake from there', () => {
    const calls: string[] = [];
    let asks = 0;
    const { tasklet, log, settle } = setUp(0, () => ({
      complete: () => {
        calls.push('complete');
        return false;
      },
      snapshotReady: () => {
        calls.push('ready?');
        asks += 1;
        if (asks < 3) tasklet.wake();
        return asks === 3;
      },
    }));
    tasklet.start();
    settle();
    tasklet.announce(1);
    settle();
    expect(calls).toEqual(['complete', 'ready?', 'complete', 'ready?', 'complete', 'ready?', 'complete']);
    expect(log).toEqual(['saved 1: ']);
  });

  it('holds everything else until snapshotPrepare is done', () => {
    let isPrepared = false;
    const { tasklet, streams, targets, log, settle, taken } = setUp(1, (outbox) => ({
      ...passOn(outbox),
      snapshotPrepare: () => isPrepared,
    }));
    tasklet.start();
    streams[0]!.put(barrier(1));
    streams[0]!.offer(rowBatch(['later']));
    settle();
    expect(log).toEqual([]);
    isPrepared = true;
    tasklet.wake();
    settle();
    expect(log).toEqual(['saved 1: state']);
    expect(taken(targets[0])).toEqual([barrier(1), 'later']);
  });

  it('fails when a processor forgets a refused item', () => {
    const { tasklet, streams, log, settle } = setUp(1, (outbox) => ({
      process: (_, batch) => {
        outbox.offer(batch);
        return true;
      },
    }));
    tasklet.start();
    for (const row of [1, 2, 3]) streams[0]!.offer(rowBatch([row]));
    settle();
    expect(log).toEqual(['failed MillraceError: the callback returned true although its offer was refused']);
  });
});
