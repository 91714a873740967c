/** Figures that test processors on any thread write and the test reads, also after everything is closed. */
export type Board = Int32Array;

export const SLOT = {
  inits: 0,
  closes: 1,
  /** Rows that the sinks have seen. */
  sinkRows: 2,
  commits: 3,
  /** Batches that instance 0 of a source emitted after its barrier. */
  afterBarrier: 4,
  outOfOrder: 5,
  watermarks: 6,
  blocked: 7,
  /** Stays 0: whoever waits for a change waits for ever. */
  never: 8,
  /** From here on: one count and one sum for each key. */
  counts: 16,
  sums: 48,
} as const;

export const newBoard = (): Board => new Int32Array(new SharedArrayBuffer(1_024));

export const add = (board: Board, slot: number, delta = 1): number => Atomics.add(board, slot, delta) + delta;
export const read = (board: Board, slot: number): number => Atomics.load(board, slot);
