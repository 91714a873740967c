import type { ExecutionRequest, VertexState } from '@millrace/engine';
import { type Board, read, SLOT } from './board.ts';
import { KEYS, SPLITS } from './range-source.ts';
import type { TestSpec } from './test-dags.ts';

export function request(
  spec: TestSpec,
  options: {
    readonly guarantee?: ExecutionRequest['guarantee'];
    readonly restore?: { readonly snapshotId: number; readonly state: readonly VertexState[] };
  } = {},
): ExecutionRequest {
  return {
    jobId: 'job',
    jobName: 'test',
    generation: 1,
    guarantee: options.guarantee ?? 'exactly-once',
    dagModule: new URL('./test-dags.ts', import.meta.url).href,
    spec,
    restore: options.restore,
  };
}

/** Count and sum of each key when every number was counted once. */
export function expectedTotals(rowsPerSplit: number) {
  return Array.from({ length: KEYS }, (_, key) => {
    let count = 0;
    let sum = 0;
    for (let n = key; n < rowsPerSplit; n += KEYS) {
      count += SPLITS;
      sum += n * SPLITS;
    }
    return { key, count, sum };
  });
}

export const totals = (board: Board) =>
  Array.from({ length: KEYS }, (_, key) => ({
    key,
    count: read(board, SLOT.counts + key),
    sum: read(board, SLOT.sums + key),
  }));
