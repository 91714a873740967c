import {
  batchOfRecords,
  type ChangeBatch,
  type Column,
  NO_TUPLE,
  recordOf,
  type TableSchema,
  TupleCursor,
  UNCHANGED_LENGTH,
} from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import { RowUnfit } from '../errors.ts';

const unfit = (message: string, mend: string): MillraceError => new MillraceError(RowUnfit, { message, mend });

/** Ids of rows, and rows as wholes. Not reentrant. */
export class RowKeys {
  readonly #names: readonly string[] | undefined;
  readonly #columns = new WeakMap<TableSchema, readonly Column[]>();
  readonly #cursor = new TupleCursor();

  /** @param names columns of the id; by default each table's own key */
  constructor(names: readonly string[] | undefined) {
    this.#names = names;
  }

  /** Has the table what an id is made of? */
  has(schema: TableSchema): boolean {
    const names = this.#names;
    return names === undefined
      ? schema.columns.some(({ key }) => key)
      : names.every((name) => schema.columns.some((column) => column.name === name));
  }

  /** One column: its text. Several: a JSON array of their texts. @throws MillraceError `opensearch.row_unfit` */
  id(batch: ChangeBatch, index: number): string {
    const schema = batch.schemas[batch.schemaOf[index]!]!;
    const texts = this.#columnsOf(schema).map((column) => this.#text(batch, index, schema, column));
    return texts.length === 1 ? texts[0]! : JSON.stringify(texts);
  }

  /** A column of the row after the change, or of the deleted one. @throws MillraceError `opensearch.row_unfit` */
  text(batch: ChangeBatch, index: number, name: string): string {
    const schema = batch.schemas[batch.schemaOf[index]!]!;
    const column = schema.columns.find((each) => each.name === name);
    if (column === undefined) throw unfit(`table ${schema.id} has no column "${name}"`, 'Name a column that it has.');
    return this.#text(batch, index, schema, column);
  }

  /** The event with the large values that were not sent again taken from the row before the change. @throws MillraceError `opensearch.row_unfit` */
  whole(batch: ChangeBatch, index: number): readonly [ChangeBatch, number] {
    const schema = batch.schemas[batch.schemaOf[index]!]!;
    this.#cursor.read(batch.bytes, batch.after[index]!);
    if (!schema.columns.some(({ field }) => this.#cursor.lengths[field] === UNCHANGED_LENGTH)) return [batch, index];
    const record = recordOf(batch, index);
    const image = { ...(schema.replicaIdentity === 'full' ? record.before : {}), ...record.after };
    const missing = schema.columns.find(({ name }) => image[name] === undefined);
    if (missing !== undefined)
      throw unfit(
        `an update of ${schema.id} did not send its large value "${missing.name}", so the document cannot be written as a whole`,
        `ALTER TABLE ${schema.id} REPLICA IDENTITY FULL, or leave the column out.`,
      );
    return [batchOfRecords([{ ...record, after: image }], batch.receivedMs), 0];
  }

  #text(batch: ChangeBatch, index: number, { id }: TableSchema, { name, field }: Column): string {
    for (const offset of [batch.after[index]!, batch.before[index]!]) {
      if (offset === NO_TUPLE) continue;
      this.#cursor.read(batch.bytes, offset);
      const length = this.#cursor.lengths[field]!;
      if (length >= 0)
        return Buffer.from(batch.bytes.buffer, batch.bytes.byteOffset + this.#cursor.starts[field]!, length).toString();
      if (length !== UNCHANGED_LENGTH) break;
    }
    throw unfit(
      `a change of ${id} carries no value of its column "${name}", which its document is found by`,
      'Give the table a key, or name columns that are never NULL with id; deletes carry them only if they are the replica identity.',
    );
  }

  #columnsOf(schema: TableSchema): readonly Column[] {
    let columns = this.#columns.get(schema);
    if (columns === undefined) {
      if (!this.has(schema))
        throw unfit(
          this.#names === undefined
            ? `table ${schema.id} has no key`
            : `table ${schema.id} lacks a column of id (${this.#names.join(', ')})`,
          'Name the columns that tell its rows apart with id.',
        );
      const names = this.#names;
      columns =
        names === undefined
          ? schema.columns.filter(({ key }) => key)
          : names.map((name) => schema.columns.find((column) => column.name === name)!);
      this.#columns.set(schema, columns);
    }
    return columns;
  }
}
