import { hash } from 'node:crypto';
import { type JobIdentity, nameOf } from '@millrace/connector-contract';
import {
  ByteOutput,
  type ChangeBatch,
  eventMetadata,
  formatLsn,
  NO_TRANSACTION,
  Op,
  RowJsonWriter,
  type TableSchema,
} from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import type { SinkStage } from '../config.ts';
import { RowUnfit } from '../errors.ts';
import type { Operation } from './operation.ts';
import { RowKeys } from './row-keys.ts';

const USUAL_ROW_BYTES = 4_096;
/** Of an _id in UTF-8. https://docs.opensearch.org/latest/field-types/metadata-fields/id/ */
const ID_BYTES_MAX = 512;
const US_PER_MS = 1_000n;
/** Versions of a second; those of an execution begin with the second in which it has claimed. */
const EPOCH_BITS = 31n;

/** Where documents of a table go: what an index may not be called is replaced. */
export const indexOf = (
  stage: Pick<SinkStage, 'index'>,
  schema: Pick<TableSchema, 'schema' | 'table'>,
  job: JobIdentity,
): string => nameOf(stage.index, schema, job, (name) => name.toLowerCase().replaceAll(/[^a-z0-9._-]/g, '-'));

/** Makes operations of events. Not reentrant. */
export class Documents {
  readonly keys: RowKeys;
  readonly #stage: SinkStage;
  readonly #job: JobIdentity;
  readonly #execution: string;
  readonly #first: bigint;
  readonly #output = new ByteOutput(USUAL_ROW_BYTES);
  readonly #rows = new RowJsonWriter(this.#output);
  readonly #indexes = new WeakMap<TableSchema, string>();
  #last: bigint;
  #computed = 0;

  constructor(stage: SinkStage, job: JobIdentity, generation: number, epoch: number) {
    this.#stage = stage;
    this.#job = job;
    this.#execution = String(generation);
    this.#first = BigInt(epoch) << EPOCH_BITS;
    this.#last = this.#first;
    this.keys = new RowKeys(stage.id);
  }

  /** Was a document of this version written by this execution? */
  isOwn(version: bigint): boolean {
    return version > this.#first && version <= this.#last;
  }

  /** The next version: above all that were there when this execution began. */
  nextVersion(): bigint {
    this.#last += 1n;
    return this.#last;
  }

  /** What an event (no truncate) does; `undefined`: nothing. @throws MillraceError `opensearch.row_unfit` */
  operation(batch: ChangeBatch, index: number): Operation | undefined {
    const { mode, deletes } = this.#stage;
    if (mode === 'append') return this.#append(batch, index);
    const isDelete = batch.op[index] === Op.Delete;
    if (isDelete && deletes === 'ignore') return undefined;
    return {
      ...this.#place(batch, index, fitId(this.keys.id(batch, index))),
      action: isDelete ? 'delete' : 'index',
      version: this.nextVersion(),
      source: isDelete ? undefined : this.#row(...this.keys.whole(batch, index)),
    };
  }

  indexOf(schema: TableSchema): string {
    let index = this.#indexes.get(schema);
    if (index === undefined) {
      index = indexOf(this.#stage, schema, this.#job);
      this.#indexes.set(schema, index);
    }
    return index;
  }

  #place(batch: ChangeBatch, index: number, id: string) {
    const schema = batch.schemas[batch.schemaOf[index]!]!;
    const { routing } = this.#stage;
    const transaction = batch.transactionOf[index]!;
    return {
      index: this.indexOf(schema),
      id,
      routing: routing === undefined ? undefined : this.keys.text(batch, index, routing),
      schema,
      at: { batch, index },
      commitTimeMs:
        transaction === NO_TRANSACTION ? undefined : Number(batch.transactions[transaction]!.commitTimeUs / US_PER_MS),
    };
  }

  #append(batch: ChangeBatch, index: number): Operation {
    const metadata = eventMetadata(batch, index);
    const time = metadata.__commit_time ?? new Date(batch.receivedMs).toISOString();
    const stamped = { '@timestamp': time, ...metadata };
    // A load that a crash interrupts reads rows again, and passes over changes that this has seen: the later reading takes the place of the earlier one.
    const isReading = this.#isReading(batch, index);
    return {
      ...this.#place(batch, index, this.#eventId(batch, index)),
      action: isReading ? 'index' : 'create',
      version: isReading ? this.nextVersion() : undefined,
      source: this.#row(batch, index, stamped),
    };
  }

  /** A row of an initial load that is known by its key. */
  #isReading(batch: ChangeBatch, index: number): boolean {
    const isRead = batch.op[index] === Op.Read && batch.transactionOf[index] === NO_TRANSACTION;
    return isRead && this.keys.has(batch.schemas[batch.schemaOf[index]!]!);
  }

  #row(batch: ChangeBatch, index: number, metadata?: ReturnType<typeof eventMetadata>): Uint8Array {
    this.#output.clear();
    this.#rows.row(batch, index, metadata);
    return this.#output.bytes.slice();
  }

  /** The same for an event that comes again. A row of an initial load is known by its key; what has neither place nor key is told apart only within an execution. */
  #eventId(batch: ChangeBatch, index: number): string {
    const { jobId, stage } = this.#job;
    const transaction = batch.transactionOf[index]!;
    if (transaction !== NO_TRANSACTION) {
      const { commitLsn, xid } = batch.transactions[transaction]!;
      return idOf(jobId, stage, formatLsn(commitLsn), xid, batch.indexInTransaction[index]!);
    }
    const schema = batch.schemas[batch.schemaOf[index]!]!;
    const isKnown = batch.op[index] === Op.Read || this.#stage.id !== undefined;
    if (isKnown && this.keys.has(schema)) return idOf(jobId, stage, schema.id, this.keys.id(batch, index));
    this.#computed += 1;
    return idOf(jobId, stage, this.#execution, 'computed', this.#computed);
  }
}

const idOf = (...parts: readonly (string | number)[]): string => hash('sha256', parts.join('\0'), 'base64url');

function fitId(id: string): string {
  if (id !== '' && Buffer.byteLength(id) <= ID_BYTES_MAX) return id;
  throw new MillraceError(RowUnfit, {
    message:
      id === '' ? 'a key is empty, which no _id may be' : `a key takes more than the ${ID_BYTES_MAX} bytes of an _id`,
    mend: 'Name shorter columns that tell rows apart with id.',
  });
}
