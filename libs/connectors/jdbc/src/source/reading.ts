import {
  type ChangeBatch,
  ChangeBatchBuilder,
  FLAG_LOADING,
  NO_TRANSACTION,
  NO_TUPLE,
  NULL,
  Op,
  type TableSchema,
  TupleCursor,
} from '@millrace/formats';
import type { Clock } from '@millrace/kernel';
import { keyNull } from './key-null.ts';
import type { SessionKeeper } from './session-keeper.ts';
import type { SourceColumn } from './source-dialect.ts';
import type { TupleBlock } from './tuple-writer.ts';

/** Rows to hand on at once, and what is true when they are handed on. */
export interface Piece {
  readonly batch: ChangeBatch | undefined;
  handedOn(): void;
}

/** What a way of reading works with. */
export interface ReadingIo {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** A session for each connection that reads. */
  openSession(): SessionKeeper;
  /** Keeps a piece until it is handed on; resolves when there is room for another. */
  hold(piece: Piece): Promise<void>;
  /** Resolves when all pieces are handed on. */
  drained(): Promise<void>;
}

/** A way of reading. Its saved state is plain data and stands for the rows handed on. */
export interface Reading {
  restore(saved: unknown): void;
  save(): unknown;
  /** Resolves when there is nothing more to come. */
  run(io: ReadingIo): Promise<void>;
}

export interface BatchOptions {
  readonly schema: TableSchema;
  /** Columns whose values of the last row of a batch are wanted, and that may not be null. */
  readonly placed: readonly SourceColumn[];
  /** Leaves rows out. Called once for each row, in order. */
  readonly accepts?: ((bytes: Buffer, start: number, end: number) => boolean) | undefined;
  readonly clock: Clock;
}

export interface PlacedBatch {
  readonly batch: ChangeBatch;
  /** Values of the `placed` columns of its last row. */
  readonly place: readonly string[];
}

/**
 * Rows as batches of events. They have no position in a log, as those of an initial load: a sink always applies them.
 * @throws MillraceError `jdbc.key_null`
 */
export async function* batchesOf(
  blocks: AsyncIterable<TupleBlock>,
  options: BatchOptions,
): AsyncGenerator<PlacedBatch> {
  const { schema, placed, accepts, clock } = options;
  const builder = new ChangeBatchBuilder();
  const cursor = new TupleCursor();
  const mayBeNull = placed.filter(({ nullable }) => nullable);
  let place: readonly string[] = [];
  const text = (bytes: Buffer, { field, name }: SourceColumn): string => {
    const length = cursor.lengths[field]!;
    if (length === NULL) throw keyNull(schema.id, name);
    return bytes.toString('utf8', cursor.starts[field]!, cursor.starts[field]! + length);
  };
  const build = (): PlacedBatch => ({ batch: builder.build(clock.nowMs()), place });
  for await (const { bytes, ends } of blocks) {
    let start = 0;
    for (const [index, end] of ends.entries()) {
      if (mayBeNull.length > 0) {
        cursor.read(bytes, start);
        for (const column of mayBeNull)
          if (cursor.lengths[column.field] === NULL) throw keyNull(schema.id, column.name);
      }
      if (accepts === undefined || accepts(bytes, start, end)) {
        const at = builder.addTuple(bytes, start, end);
        builder.add(Op.Create, FLAG_LOADING, schema, NO_TUPLE, at, NO_TRANSACTION, 0);
      }
      const isLast = index === ends.length - 1;
      if (!builder.isEmpty && (builder.isFull || isLast)) {
        cursor.read(bytes, start);
        place = placed.map((column) => text(bytes, column));
        if (builder.isFull) yield build();
      }
      start = end;
    }
  }
  if (!builder.isEmpty) yield build();
}
