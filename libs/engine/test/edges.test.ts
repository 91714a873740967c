import { describe, expect, it } from '@jest/globals';
import { type Execution, type InstanceMetrics, startEngine } from '@millrace/engine';
import { newBoard, read, SLOT } from './board.ts';
import { SPLITS } from './range-source.ts';
import { request } from './running.ts';
import type { TestSpec } from './test-dags.ts';

const ROWS = 400;
const TOTAL = SPLITS * ROWS;

async function runToEnd(spec: Omit<TestSpec, 'board' | 'rowsPerSplit'>, threads = 2) {
  await using engine = await startEngine({ threads });
  const board = newBoard();
  const execution = await engine.deploy(request({ rowsPerSplit: ROWS, board, ...spec }));
  execution.start();
  await execution.completion;
  const metrics = await execution.metrics();
  await execution.stop();
  return { board, metrics, sinkRows: rowsIn(metrics, 'sink') };
}

const rowsIn = (metrics: readonly InstanceMetrics[], vertex: string) =>
  metrics.filter((each) => each.vertex === vertex).map((each) => each.rowsIn);

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);

/** Asks again and again until the figures are as wanted; the test's own time limit bounds it. */
async function untilMetrics(execution: Execution, isWanted: (metrics: readonly InstanceMetrics[]) => boolean) {
  for (;;) {
    const metrics = await execution.metrics();
    if (isWanted(metrics)) return metrics;
  }
}

describe('routing on real threads', () => {
  it('broadcast gives every instance every row', async () => {
    const { sinkRows } = await runToEnd({
      dag: 'routed',
      routing: 'broadcast',
      sources: 2,
      sinks: 3,
      queueRowsMax: 32,
    });
    expect(sinkRows).toEqual([TOTAL, TOTAL, TOTAL]);
  });

  it('all-to-one gives instance 0 every row, and the others end as well', async () => {
    const { sinkRows } = await runToEnd({ dag: 'routed', routing: 'all-to-one', sources: 3, sinks: 2 });
    expect(sinkRows).toEqual([TOTAL, 0]);
  });

  it('unicast spreads whole batches', async () => {
    const { sinkRows } = await runToEnd({ dag: 'routed', routing: 'unicast', sources: 1, sinks: 2 });
    expect(sum(sinkRows)).toBe(TOTAL);
    expect(Math.min(...sinkRows)).toBeGreaterThan(0);
  });

  it('isolated joins instance to instance', async () => {
    const { sinkRows } = await runToEnd({ dag: 'routed', routing: 'isolated', sources: 3, sinks: 3 });
    expect(sinkRows).toEqual([TOTAL / 3, TOTAL / 3, TOTAL / 3]);
  });

  it('a fork gives each edge every row', async () => {
    const { board, metrics, sinkRows } = await runToEnd({ dag: 'forked', sinks: 2 });
    expect(metrics[0]!.out).toEqual([
      { edge: 0, rows: TOTAL },
      { edge: 1, rows: TOTAL },
    ]);
    expect(sum(sinkRows)).toBe(2 * TOTAL + 2 * TOTAL);
    expect(read(board, SLOT.sinkRows)).toBe(4 * TOTAL);
  });

  it('watermarks reach every counter once all sources have given them', async () => {
    const { board, metrics } = await runToEnd({ dag: 'counting', sources: 2, sinks: 3, withWatermarks: true });
    const told = metrics.filter(({ vertex }) => vertex !== 'sink').map(({ watermarkMs }) => typeof watermarkMs);
    expect(told).toEqual(Array.from({ length: 5 }, () => 'number'));
    expect(read(board, SLOT.watermarks)).toBe(3);
  });

  it('an edge of higher priority is drained to its end first', async () => {
    const { board } = await runToEnd({ dag: 'prioritized' });
    expect(read(board, SLOT.sinkRows)).toBe(2 * TOTAL);
    expect(read(board, SLOT.outOfOrder)).toBe(0);
  });
});

describe('back-pressure', () => {
  it.each([
    { what: 'on one thread', threads: 1 },
    { what: 'between threads', threads: 2 },
  ])('keeps a queue within its limit while the sink takes nothing, $what', async ({ threads }) => {
    await using engine = await startEngine({ threads });
    const board = newBoard();
    const spec = { dag: 'routed', routing: 'broadcast', sources: 1, sinks: 2, isHeld: true, queueRowsMax: 64 } as const;
    const execution = await engine.deploy(request({ ...spec, rowsPerSplit: ROWS, board }));
    execution.start();
    const held = await untilMetrics(execution, (metrics) => (metrics[0]?.custom.refusals ?? 0) > 0);
    // One batch of 16 rows has left the queue for the callback that holds it.
    expect(held[0]?.rowsOut).toBeLessThanOrEqual(64 + 16);
    // The wait goes on, and the queues say why.
    const waiting = await untilMetrics(execution, ([source, ...sinks]) => {
      const areFull = sinks.every(({ queues }) => queues[0]!.fill > 0.5);
      return areFull && source!.blockedMs > held[0]!.blockedMs;
    });
    expect(waiting[0]).toMatchObject({ out: [{ edge: 0, rows: waiting[0]!.rowsOut }], queues: [] });
    for (const { queues } of waiting.slice(1)) {
      expect(queues).toEqual([{ edge: 0, rows: expect.any(Number), rowsMax: 64, fill: expect.any(Number) }]);
    }
    await execution.commitSnapshot(1);
    await execution.completion;
    for (const { custom } of await execution.metrics()) expect(custom['engine.queueRowsPeak']).toBeLessThanOrEqual(64);
    expect(read(board, SLOT.sinkRows)).toBe(2 * TOTAL);
  });
});

describe('idle', () => {
  it('takes no scheduler turns', async () => {
    await using engine = await startEngine({ threads: 2 });
    const spec = { dag: 'counting', sources: 2, sinks: 2, rowsPerSplit: ROWS, rowsPerCommit: 100 } as const;
    const execution = await engine.deploy(request({ ...spec, board: newBoard() }));
    execution.start();
    // The sources now wait for a commit, and all they have emitted has been counted.
    await untilMetrics(execution, (metrics) => sum(rowsIn(metrics, 'counter')) === SPLITS * 100);
    const turns = async () => (await execution.metrics()).map(({ custom }) => custom['engine.threadTurns']);
    let before = await turns();
    for (let now = await turns(); now.join() !== before.join(); now = await turns()) before = now;
    for (let trip = 0; trip < 50; trip++) await execution.metrics();
    expect(await turns()).toEqual(before);
  });
});

describe('a processor that is not cooperative', () => {
  it('runs on a thread of its own', async () => {
    const { board, metrics } = await runToEnd({ dag: 'routed', sinks: 3, isCooperative: false }, 1);
    expect(read(board, SLOT.sinkRows)).toBe(TOTAL);
    const threads = metrics.filter(({ vertex }) => vertex === 'sink').map(({ custom }) => custom.threadId);
    expect(new Set(threads).size).toBe(3);
    expect(read(board, SLOT.closes)).toBe(4);
  });
});
