import { describe, expect, it } from '@jest/globals';
import { type Execution, startEngine, type TapSample } from '@millrace/engine';
import { newBoard, read, SLOT } from './board.ts';
import { SPLITS } from './range-source.ts';
import { request } from './running.ts';

const ROWS = 400;
const TOTAL = SPLITS * ROWS;

/** Taps edges of an execution whose sources have not begun, has it run to its end, and gives what was seen. */
async function seen(edges: readonly number[], more: { filter?: string; rowsPerSecond?: number } = {}) {
  await using engine = await startEngine({ threads: 2 });
  const board = newBoard();
  const spec = { dag: 'forked', sinks: 2, rowsPerSplit: ROWS, board } as const;
  const execution = await engine.deploy(request(spec));
  const samples: TapSample[] = [];
  const all = Promise.withResolvers<void>();
  const counted = () =>
    samples.reduce((sum, { rows, passedOver }) => sum + rows.length + passedOver, 0) >= TOTAL * edges.length;
  await execution.tap({ id: 'viewer', edges, rowsPerSecond: 50, ...more }, (sample) => {
    samples.push(sample);
    if (counted() || sample.error !== undefined) all.resolve();
  });
  execution.start();
  await execution.completion;
  await all.promise;
  return { execution, samples, board };
}

describe('a tap', () => {
  it('shows some rows of its edge, counts the others, and changes nothing', async () => {
    const { samples, board } = await seen([1]);
    const rows = samples.flatMap((sample) => sample.rows);
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.length).toBeLessThan(TOTAL / 4);
    for (const { edge } of rows) expect(edge).toBe(1);
    const passedOver = samples.reduce((sum, sample) => sum + sample.passedOver, 0);
    expect(rows.length + passedOver).toBe(TOTAL);
    expect(read(board, SLOT.sinkRows)).toBe(4 * TOTAL);
  });

  it('whose filter fails ends by itself, and the job does not', async () => {
    const { samples, board } = await seen([0], { filter: 'broken' });
    expect(samples).toEqual([{ tap: 'viewer', rows: [], passedOver: 0, error: 'the filter is broken' }]);
    expect(read(board, SLOT.sinkRows)).toBe(4 * TOTAL);
  });

  it('is taken off', async () => {
    await using engine = await startEngine({ threads: 1 });
    const spec = { dag: 'routed', sources: 1, sinks: 1, rowsPerSplit: ROWS, board: newBoard() } as const;
    const execution: Execution = await engine.deploy(request(spec));
    const samples: TapSample[] = [];
    await execution.tap({ id: 'left', edges: [0], rowsPerSecond: 50 }, (sample) => samples.push(sample));
    await execution.untap('left');
    await execution.untap('left');
    execution.start();
    await execution.completion;
    expect(samples).toEqual([]);
  });
});
