import type { SourceDefinition } from './source-definition.ts';

/** Rows one call of a fill function adds at most. */
const ROWS_PER_FILL = 1_024;

interface Position {
  next: number;
}

/** The given rows, in order, once; then it ends. */
export function items<Row>(rows: readonly Row[]): SourceDefinition<Position, Row> {
  return {
    create: () => ({ next: 0 }),
    fill(position, buffer) {
      const end = Math.min(position.next + ROWS_PER_FILL, rows.length);
      while (position.next < end) buffer.add(rows[position.next++]!);
      if (position.next === rows.length) buffer.close();
    },
    snapshot: ({ next }) => next,
    restore: (position, [next]) => {
      position.next = next as number;
    },
  };
}

/** Numbers from `from` up to and without `to`: instance i of n has every n-th. Splits are saved, so it goes on with any number of instances. */
export function range(
  from: number,
  to: number,
): SourceDefinition<{ splits: Split[]; index: number; count: number }, number> {
  return {
    create: ({ globalIndex, totalParallelism }) => ({
      splits: [{ next: from + globalIndex, step: totalParallelism }],
      index: globalIndex,
      count: totalParallelism,
    }),
    fill({ splits }, buffer) {
      const split = splits[0];
      if (split === undefined) {
        buffer.close();
        return;
      }
      for (let count = 0; split.next < to && count < ROWS_PER_FILL; count++, split.next += split.step)
        buffer.add(split.next);
      if (split.next >= to) splits.shift();
    },
    snapshot: ({ splits }) => splits,
    restore: (state, saved) => {
      // Every instance sees all splits in the same order and takes its share.
      const all = (saved as Split[][]).flat().sort((a, b) => a.next - b.next);
      state.splits = all.filter((_, at) => at % state.count === state.index);
    },
  };
}

interface Split {
  next: number;
  readonly step: number;
}

/** `itemsPerSecond` rows a second, for ever: `make` gets the number of the row, from 0, and its time. */
export function itemStream<Row>(
  itemsPerSecond: number,
  make: (sequence: number, timeMs: number) => Row,
): SourceDefinition<{ next: number; startMs: number; clock: { nowMs(): number } }, Row> {
  return {
    create: ({ clock }) => ({ next: 0, startMs: clock.nowMs(), clock }),
    fill(state, buffer) {
      const due = Math.floor(((state.clock.nowMs() - state.startMs) * itemsPerSecond) / 1_000);
      const end = Math.min(due, state.next + ROWS_PER_FILL);
      for (; state.next < end; state.next++) {
        const timeMs = state.startMs + Math.floor((state.next * 1_000) / itemsPerSecond);
        buffer.add(make(state.next, timeMs), timeMs);
      }
    },
    snapshot: ({ next, startMs }) => ({ next, startMs }),
    restore: (state, [saved]) => {
      Object.assign(state, saved);
    },
  };
}
