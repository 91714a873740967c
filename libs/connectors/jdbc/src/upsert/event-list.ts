import {
  type ChangeBatch,
  FLAG_LOADING,
  NO_TRANSACTION,
  type Position,
  type SourceTransaction,
} from '@millrace/formats';

/** A run of a batch's events: `from` inclusive, `to` exclusive. */
export interface Span {
  readonly batch: ChangeBatch;
  readonly from: number;
  readonly to: number;
}

/** Events of several batches under one running index. The batches stay as they are: nothing is copied. */
export class EventList {
  readonly length: number;
  readonly batches: readonly ChangeBatch[];
  readonly #batchOf: Uint32Array;
  readonly #rowOf: Uint32Array;
  /** Views as Buffer, for its fast text functions. */
  readonly #buffers: readonly Buffer[];

  constructor(spans: readonly Span[]) {
    this.length = spans.reduce((sum, span) => sum + span.to - span.from, 0);
    this.batches = spans.map((span) => span.batch);
    this.#buffers = spans.map(({ batch: { bytes } }) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    this.#batchOf = new Uint32Array(this.length);
    this.#rowOf = new Uint32Array(this.length);
    let at = 0;
    for (const [index, span] of spans.entries()) {
      for (let row = span.from; row < span.to; row++) {
        this.#batchOf[at] = index;
        this.#rowOf[at] = row;
        at += 1;
      }
    }
  }

  batch(event: number): ChangeBatch {
    return this.batches[this.#batchOf[event]!]!;
  }

  /** Index in its batch. */
  row(event: number): number {
    return this.#rowOf[event]!;
  }

  /** The bytes that `before` and `after` point into. */
  bytes(event: number): Buffer {
    return this.#buffers[this.#batchOf[event]!]!;
  }

  op(event: number): number {
    return this.batch(event).op[this.#rowOf[event]!]!;
  }

  flags(event: number): number {
    return this.batch(event).flags[this.#rowOf[event]!]!;
  }

  before(event: number): number {
    return this.batch(event).before[this.#rowOf[event]!]!;
  }

  after(event: number): number {
    return this.batch(event).after[this.#rowOf[event]!]!;
  }

  schema(event: number): ChangeBatch['schemas'][number] {
    const batch = this.batch(event);
    return batch.schemas[batch.schemaOf[this.#rowOf[event]!]!]!;
  }

  transaction(event: number): SourceTransaction | undefined {
    const batch = this.batch(event);
    const index = batch.transactionOf[this.#rowOf[event]!]!;
    return index === NO_TRANSACTION ? undefined : batch.transactions[index]!;
  }

  isLoading(event: number): boolean {
    return (this.flags(event) & FLAG_LOADING) !== 0;
  }

  position(event: number): Position | undefined {
    const transaction = this.transaction(event);
    if (transaction === undefined) return undefined;
    return { commitLsn: transaction.commitLsn, index: this.batch(event).indexInTransaction[this.#rowOf[event]!]! };
  }

  /** Position of the last event before `end` that counts as progress. */
  progressBefore(end: number): Position | undefined {
    for (let event = end - 1; event >= 0; event--) {
      if (!this.isLoading(event) && this.transaction(event) !== undefined) return this.position(event);
    }
    return undefined;
  }
}
