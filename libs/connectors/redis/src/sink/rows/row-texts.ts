import {
  ByteOutput,
  batchOfRecords,
  type ChangeBatch,
  type Column,
  NO_TUPLE,
  RowJsonWriter,
  recordOf,
  type TableSchema,
  TupleCursor,
  UNCHANGED_LENGTH,
} from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import { RowRefused, TableUnfit } from '../../errors.ts';

const USUAL_ROW_BYTES = 4_096;
const REPAIR_FULL = (table: string): string =>
  `ALTER TABLE ${table} REPLICA IDENTITY FULL, or use type hashes, where fields that were not sent stay.`;

const refusal = (message: string, mend: string): MillraceError => new MillraceError(RowRefused, { message, mend });

const unfit = (message: string, mend: string): MillraceError => new MillraceError(TableUnfit, { message, mend });

const textAt = (bytes: Uint8Array, start: number, length: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + start, length).toString('utf8');

/** Texts of the rows of events: their keys, their columns, the whole. Not reentrant. */
export class RowTexts {
  readonly #keyNames: readonly string[] | undefined;
  readonly #keyColumns = new WeakMap<TableSchema, readonly Column[]>();
  readonly #cursor = new TupleCursor();
  readonly #output = new ByteOutput(USUAL_ROW_BYTES);
  readonly #json = new RowJsonWriter(this.#output);

  /** @param keyNames columns of the key; by default each table's own */
  constructor(keyNames: readonly string[] | undefined) {
    this.#keyNames = keyNames;
  }

  /** One column: its text. Several: a JSON array of their texts. @throws MillraceError `redis.row_refused`, `redis.table_unfit` */
  key(batch: ChangeBatch, index: number): string {
    const schema = batch.schemas[batch.schemaOf[index]!]!;
    const columns = this.#keyOf(schema);
    const texts = columns.map((column) => this.#keyText(batch, index, schema, column));
    return texts.length === 1 ? texts[0]! : JSON.stringify(texts);
  }

  /** The row after the change, or what is known of a deleted one, as a JSON object. @throws MillraceError `redis.row_refused` when a value was not sent */
  row(batch: ChangeBatch, index: number): string {
    const [whole, at] = this.whole(batch, index);
    this.#output.clear();
    this.#json.row(whole, at);
    const { bytes } = this.#output;
    return textAt(bytes, 0, bytes.length);
  }

  /** A column of the row after the change; `null` of NULL, `undefined`: it was not sent. @throws MillraceError `redis.table_unfit` when there is no such column */
  value(batch: ChangeBatch, index: number, name: string): string | null | undefined {
    const schema = batch.schemas[batch.schemaOf[index]!]!;
    const column = schema.columns.find((each) => each.name === name);
    if (column === undefined)
      throw unfit(`table ${schema.id} has no column "${name}"`, 'Name a column that the table has.');
    return this.#text(batch, batch.after[index]!, column);
  }

  /** All columns of the row after the change: as `value`. */
  values(batch: ChangeBatch, index: number): readonly (readonly [name: string, text: string | null | undefined])[] {
    const { columns } = batch.schemas[batch.schemaOf[index]!]!;
    const offset = batch.after[index]!;
    this.#cursor.read(batch.bytes, offset);
    return columns.map((column) => [column.name, this.#read(batch, column)]);
  }

  /** The event with the large values that were not sent again taken from the row before the change. */
  whole(batch: ChangeBatch, index: number): readonly [ChangeBatch, number] {
    const after = batch.after[index]!;
    if (after === NO_TUPLE) return [batch, index];
    const schema = batch.schemas[batch.schemaOf[index]!]!;
    this.#cursor.read(batch.bytes, after);
    const lacks = schema.columns.some(({ field }) => this.#cursor.lengths[field] === UNCHANGED_LENGTH);
    if (!lacks) return [batch, index];
    const record = recordOf(batch, index);
    const isFull = schema.replicaIdentity === 'full';
    const image = { ...(isFull ? record.before : {}), ...record.after };
    const missing = schema.columns.find(({ name }) => image[name] === undefined);
    if (missing !== undefined) {
      throw refusal(
        `an update of ${schema.id} did not send its large value "${missing.name}", so the row cannot be written as a whole`,
        REPAIR_FULL(schema.id),
      );
    }
    return [batchOfRecords([{ ...record, after: image }], batch.receivedMs), 0];
  }

  #keyText(batch: ChangeBatch, index: number, schema: TableSchema, column: Column): string {
    const after = batch.after[index]!;
    const before = batch.before[index]!;
    let text = after === NO_TUPLE ? undefined : this.#text(batch, after, column);
    if (text === undefined && before !== NO_TUPLE) text = this.#text(batch, before, column);
    if (typeof text === 'string') return text;
    throw refusal(
      `a change of ${schema.id} carries no value of its key column "${column.name}"`,
      'Give the table a key, or name columns that are never NULL with rowKey; deletes carry them only if they are the replica identity.',
    );
  }

  #text(batch: ChangeBatch, offset: number, column: Column): string | null | undefined {
    if (offset === NO_TUPLE) return undefined;
    this.#cursor.read(batch.bytes, offset);
    return this.#read(batch, column);
  }

  #read(batch: ChangeBatch, { field }: Column): string | null | undefined {
    const length = this.#cursor.lengths[field]!;
    if (length === UNCHANGED_LENGTH) return undefined;
    return length < 0 ? null : textAt(batch.bytes, this.#cursor.starts[field]!, length);
  }

  #keyOf(schema: TableSchema): readonly Column[] {
    let columns = this.#keyColumns.get(schema);
    if (columns === undefined) {
      const names = this.#keyNames;
      columns = schema.columns.filter((column) => (names === undefined ? column.key : names.includes(column.name)));
      if (columns.length === 0 || (names !== undefined && columns.length < names.length)) {
        throw unfit(
          names === undefined
            ? `table ${schema.id} has no key`
            : `table ${schema.id} lacks a column of rowKey (${names.join(', ')})`,
          'Name the columns that tell its rows apart with rowKey.',
        );
      }
      this.#keyColumns.set(schema, columns);
    }
    return columns;
  }
}
