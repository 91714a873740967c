import { type BatchSource, SourceBuilder, type StreamSource } from '@millrace/pipeline';

export interface Pace {
  /** Rows added by one call. */
  readonly perFill?: number | undefined;
  /** Rows let through between two snapshots: a run that is stopped after one of them is always stopped midway. */
  readonly perSnapshot?: number | undefined;
}

interface State {
  next: number;
  limit: number;
}

/** `make` of the numbers `from` up to and without `to`, in order. */
export function pacedStream<Row>(
  name: string,
  [from, to]: readonly [number, number],
  make: (n: number) => Row,
  pace: Pace,
): StreamSource<Row> {
  const { create, fill, snapshot, restore } = partsOf(from, to, make, pace);
  return SourceBuilder.stream(name, create)
    .fillBuffer<Row>(fill)
    .createSnapshot(snapshot)
    .restoreSnapshot(restore)
    .build();
}

export function pacedBatch<Row>(
  name: string,
  [from, to]: readonly [number, number],
  make: (n: number) => Row,
  pace: Pace,
): BatchSource<Row> {
  const { create, fill, snapshot, restore } = partsOf(from, to, make, pace);
  return SourceBuilder.batch(name, create)
    .fillBuffer<Row>(fill)
    .createSnapshot(snapshot)
    .restoreSnapshot(restore)
    .build();
}

interface Buffer<Row> {
  add(row: Row): void;
  close(): void;
}

function partsOf<Row>(from: number, to: number, make: (n: number) => Row, pace: Pace) {
  const { perFill = to, perSnapshot = Number.POSITIVE_INFINITY } = pace;
  return {
    create: (): State => ({ next: from, limit: from + perSnapshot }),
    fill: (state: State, buffer: Buffer<Row>): void => {
      const end = Math.min(state.next + perFill, state.limit, to);
      while (state.next < end) buffer.add(make(state.next++));
      if (state.next === to) buffer.close();
    },
    snapshot: (state: State): number => {
      state.limit = state.next + perSnapshot;
      return state.next;
    },
    restore: (state: State, [next]: readonly number[]): void => {
      state.next = next!;
      state.limit = next! + perSnapshot;
    },
  };
}
