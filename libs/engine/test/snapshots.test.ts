import { describe, expect, it } from '@jest/globals';
import { startEngine, type VertexState } from '@millrace/engine';
import { newBoard, read, SLOT } from './board.ts';
import { expectedTotals, request, totals } from './running.ts';

const ROWS = 3_000;

describe('snapshots under load', () => {
  it.each([
    { first: { sources: 1, sinks: 1 }, second: { sources: 3, sinks: 2 } },
    { first: { sources: 2, sinks: 2 }, second: { sources: 1, sinks: 1 } },
    { first: { sources: 3, sinks: 2 }, second: { sources: 2, sinks: 5 } },
  ])('restored on another parallelism lose and double nothing: $first then $second', async ({ first, second }) => {
    await using engine = await startEngine({ threads: 2 });
    const cut = newBoard();
    const spec = { dag: 'counting', rowsPerSplit: ROWS, rowsPerCommit: 500, queueRowsMax: 64 } as const;
    const execution = await engine.deploy(request({ ...spec, ...first, board: cut }));
    execution.start();
    let state: readonly VertexState[] = [];
    for (const snapshotId of [1, 2, 3]) {
      state = await execution.takeSnapshot(snapshotId);
      await execution.commitSnapshot(snapshotId);
    }
    await execution.stop();
    expect(read(cut, SLOT.counts)).toBe(0);
    expect(read(cut, SLOT.closes)).toBe(read(cut, SLOT.inits));

    const board = newBoard();
    const restored = await engine.deploy(request({ ...spec, ...second, board }, { restore: { snapshotId: 3, state } }));
    restored.start();
    await restored.completion;
    expect(totals(board)).toEqual(expectedTotals(ROWS));
  });

  const late = { dag: 'counting', rowsPerSplit: 1_000, rowsPerCommit: 100, sources: 2, lateBarrier: 3 } as const;

  async function restoredTotals(guarantee: 'exactly-once' | 'at-least-once') {
    await using engine = await startEngine({ threads: 1 });
    const execution = await engine.deploy(request({ ...late, board: newBoard() }, { guarantee }));
    execution.start();
    const state = await execution.takeSnapshot(1);
    await execution.stop();
    const board = newBoard();
    const spec = { ...late, lateBarrier: undefined, rowsPerCommit: undefined, board };
    const restored = await engine.deploy(request(spec, { guarantee, restore: { snapshotId: 1, state } }));
    restored.start();
    await restored.completion;
    return totals(board);
  }

  it('holds an early input back until the late one has delivered its barrier, too', async () => {
    expect(await restoredTotals('exactly-once')).toEqual(expectedTotals(1_000));
  });

  it('does not hold back at-least-once: rows after the early barrier are counted twice', async () => {
    const count = (all: { count: number }[]) => all.reduce((sum, each) => sum + each.count, 0);
    expect(count(await restoredTotals('at-least-once'))).toBeGreaterThan(count(expectedTotals(1_000)));
  });

  it('are still answered after everything has completed, so that the last work can be committed', async () => {
    await using engine = await startEngine({ threads: 2 });
    const board = newBoard();
    const execution = await engine.deploy(request({ dag: 'counting', rowsPerSplit: 100, sources: 2, sinks: 2, board }));
    execution.start();
    await execution.completion;
    const state = await execution.takeSnapshot(1);
    await execution.commitSnapshot(1);
    expect(state.map(({ vertex, entries }) => [vertex, entries.length])).toEqual([
      ['source', 6],
      ['counter', 10],
      ['sink', 0],
    ]);
    expect(read(board, SLOT.closes)).toBe(0);
    await execution.stop();
    expect(read(board, SLOT.closes)).toBe(5);
  });

  it('wait until the input of higher priority has ended', async () => {
    await using engine = await startEngine({ threads: 1 });
    const board = newBoard();
    const execution = await engine.deploy(
      request({ dag: 'prioritized', rowsPerSplit: 200, rowsPerCommit: 100, board }),
    );
    execution.start();
    let isTaken = false;
    const taken = execution.takeSnapshot(1).then(() => {
      isTaken = true;
    });
    for (let trip = 0; trip < 10; trip++) await execution.metrics();
    expect(isTaken).toBe(false);
    await execution.commitSnapshot(0);
    await taken;
    await execution.completion;
    expect(read(board, SLOT.sinkRows)).toBe(2 * 6 * 200);
    expect(read(board, SLOT.outOfOrder)).toBe(0);
  });

  it('refuses state of a vertex that is gone', async () => {
    await using engine = await startEngine({ threads: 1 });
    const state = [{ vertex: 'old', entries: [{ partition: 0, key: 'k', value: new Uint8Array(1) }] }];
    const deployed = engine.deploy(
      request({ dag: 'counting', rowsPerSplit: 1, board: newBoard() }, { restore: { snapshotId: 1, state } }),
    );
    await expect(deployed).rejects.toMatchObject({ code: { code: 'engine.state_without_vertex' } });
  });
});
