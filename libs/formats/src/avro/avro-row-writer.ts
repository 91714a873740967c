import { assert } from '@millrace/kernel';
import type avsc from 'avsc';
import { type ChangeBatch, NO_TUPLE } from '../change/change-batch.ts';
import { beforeColumns } from '../change/rows.ts';
import type { Column, TableSchema } from '../change/table-schema.ts';
import { NULL, TupleCursor } from '../change/tuple.ts';
import type { ByteOutput } from '../json/byte-output.ts';
import type { EventMetadata } from '../json/row-json.ts';
import { libraryType } from './avro-library.ts';
import {
  type AvroRecord,
  type AvroRecordOptions,
  avroKeySchema,
  avroRowSchema,
  UNCHANGED_FIELD,
} from './avro-schema.ts';
import { avroType } from './avro-type.ts';
import { type AvroValue, type ToAvro, toAvro } from './avro-value.ts';
import { type ReadUsual, usualValues } from './usual-values.ts';

/** Room that a record is tried in first. */
const USUAL_RECORD_BYTES = 1_024;

interface PlannedField {
  readonly field: number;
  readonly column: string;
  readonly name: string;
  readonly convert: ToAvro;
  readonly usual: ReadUsual | undefined;
}

interface RecordPlan {
  readonly schema: AvroRecord;
  /** For records whose longs are numbers: nearly all. */
  readonly type: avsc.Type;
  readonly exactType: avsc.Type;
  /** Of a whole row. */
  readonly fields: readonly PlannedField[];
  /** What a `before` tuple really holds. */
  readonly known: readonly PlannedField[];
}

/** Values by the names of their fields; what is missing takes the field's default. */
type RecordValue = Record<string, AvroValue>;

/**
 * Rows and keys of change events in Avro's binary encoding, of the schemas that `rowSchema` and `keySchema` give for their table. Nothing separates the
 * records.
 *
 * A column that was not resent (unchanged TOAST) is null and named in the field `__unchanged`; columns of a deleted row that are not known are null. It
 * is not reentrant.
 */
export class AvroRowWriter {
  readonly #output: ByteOutput;
  readonly #options: AvroRecordOptions;
  readonly #keyColumns: readonly string[] | undefined;
  readonly #rows = new WeakMap<TableSchema, RecordPlan>();
  readonly #keys = new WeakMap<TableSchema, RecordPlan>();
  readonly #cursor = new TupleCursor();
  readonly #input = new BufferView();
  readonly #room = new BufferView();
  /** A BigInt is among the values of the record at hand. */
  #hasBigInt = false;

  /** @param keyColumns what `key` writes; by default each table's own key */
  constructor(output: ByteOutput, options: AvroRecordOptions, keyColumns?: readonly string[]) {
    this.#output = output;
    this.#options = options;
    this.#keyColumns = keyColumns;
  }

  rowSchema(table: TableSchema): AvroRecord {
    return this.#rowPlan(table).schema;
  }

  keySchema(table: TableSchema): AvroRecord {
    return this.#keyPlan(table).schema;
  }

  /**
   * The row after the change, or what is known of a deleted one; all null when there is neither.
   * @param metadata given exactly when the options say so
   * @throws MillraceError `formats.value_unsupported`
   */
  row(batch: ChangeBatch, index: number, metadata?: EventMetadata): void {
    const table = batch.schemas[batch.schemaOf[index]!]!;
    const plan = this.#rowPlan(table);
    const after = batch.after[index]!;
    const isAfter = after !== NO_TUPLE;
    const value: RecordValue = {};
    if (metadata !== undefined) Object.assign(value, metadata);
    value[UNCHANGED_FIELD] = this.#fill(
      value,
      batch.bytes,
      isAfter ? after : batch.before[index]!,
      table,
      isAfter ? plan.fields : plan.known,
    );
    this.#encode(plan, value);
  }

  /** The row's key. @throws MillraceError `formats.value_unsupported` */
  key(batch: ChangeBatch, index: number): void {
    const table = batch.schemas[batch.schemaOf[index]!]!;
    const plan = this.#keyPlan(table);
    const after = batch.after[index]!;
    const value: RecordValue = {};
    this.#fill(value, batch.bytes, after === NO_TUPLE ? batch.before[index]! : after, table, plan.fields);
    this.#encode(plan, value);
  }

  #rowPlan(table: TableSchema): RecordPlan {
    let plan = this.#rows.get(table);
    if (plan === undefined) {
      const schema = avroRowSchema(table, this.#options);
      const known = new Set(beforeColumns(table));
      const own = schema.fields.length - table.columns.length;
      const fields = this.#fields(table.columns, schema, own);
      const isKnown = (_: unknown, index: number): boolean => known.has(table.columns[index]!);
      plan = { ...typesOf(schema), fields, known: fields.filter(isKnown) };
      this.#rows.set(table, plan);
    }
    return plan;
  }

  #keyPlan(table: TableSchema): RecordPlan {
    let plan = this.#keys.get(table);
    if (plan === undefined) {
      const names = this.#keyColumns;
      const key = table.columns.filter((column) => (names === undefined ? column.key : names.includes(column.name)));
      const schema = avroKeySchema(table, key, this.#options);
      const fields = this.#fields(key, schema, 0);
      plan = { ...typesOf(schema), fields, known: fields };
      this.#keys.set(table, plan);
    }
    return plan;
  }

  /** @param own fields before those of the columns */
  #fields(columns: readonly Column[], schema: AvroRecord, own: number): readonly PlannedField[] {
    return columns.map((column, index) => {
      const type = avroType(column, this.#options);
      return {
        field: column.field,
        column: column.name,
        name: schema.fields[own + index]!.name,
        convert: toAvro(column, type),
        usual: usualValues(type),
      };
    });
  }

  /** Sets the fields of a tuple that are not null and returns the names of the columns that were not resent. */
  #fill(
    value: RecordValue,
    bytes: Uint8Array,
    offset: number,
    { fieldCount }: TableSchema,
    fields: readonly PlannedField[],
  ): readonly string[] {
    if (offset === NO_TUPLE) return NONE;
    const cursor = this.#cursor;
    cursor.read(bytes, offset);
    assert(
      cursor.fieldCount >= fieldCount,
      `a tuple has ${cursor.fieldCount} fields where its schema has ${fieldCount}`,
    );
    const buffer = this.#input.of(bytes);
    this.#hasBigInt = false;
    let unchanged = NONE;
    for (const { field, column, name, convert, usual } of fields) {
      const length = cursor.lengths[field]!;
      if (length >= 0) {
        const start = cursor.starts[field]!;
        const end = start + length;
        const converted = usual?.(bytes, start, end) ?? convert(buffer.toString('utf8', start, end));
        if (isBigInt(converted)) this.#hasBigInt = true;
        value[name] = converted;
      } else if (length !== NULL) {
        unchanged = [...unchanged, column];
      }
    }
    return unchanged;
  }

  #encode(plan: RecordPlan, value: RecordValue): void {
    const type = this.#hasBigInt ? plan.exactType : plan.type;
    const output = this.#output;
    output.reserve(USUAL_RECORD_BYTES);
    for (;;) {
      const { buffer, length } = output;
      const end = type.encode(value, this.#room.of(buffer), length);
      if (end >= 0) {
        output.length = end;
        return;
      }
      // Negative: how many bytes are missing.
      output.reserve(buffer.length - length - end);
    }
  }
}

const typesOf = (schema: AvroRecord): Pick<RecordPlan, 'schema' | 'type' | 'exactType'> => ({
  schema,
  type: libraryType(schema, 'never', 'number'),
  exactType: libraryType(schema, 'never', 'exact'),
});

const isBigInt = (value: AvroValue): boolean =>
  typeof value === 'bigint' || (Array.isArray(value) && value.some((each) => typeof each === 'bigint'));

/** The bytes as a buffer; making one costs more than a value, and the same bytes come many times. */
class BufferView {
  #bytes: Uint8Array | undefined;
  #buffer: Buffer = Buffer.alloc(0);

  of(bytes: Uint8Array): Buffer {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    return this.#buffer;
  }
}

const NONE: readonly string[] = [];
