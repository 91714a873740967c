import type { Column, ColumnKind } from '../change/table-schema.ts';

/** The types of a schema that values of columns have; `logicalType` and what belongs to it are attributes. https://avro.apache.org/docs/1.12.0/specification/ */
export type AvroType =
  | 'string'
  | 'bytes'
  | 'int'
  | 'long'
  | 'double'
  | 'boolean'
  | { readonly type: 'int' | 'long' | 'string'; readonly logicalType: string }
  | { readonly type: 'bytes'; readonly logicalType: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly type: 'array'; readonly items: readonly ['null', AvroType] };

export interface AvroOptions {
  /** `decimal`: numeric with a precision as Avro's decimal, the others as strings. `string`: all as strings. */
  readonly numeric: 'decimal' | 'string';
  /** `array`: arrays of one dimension as Avro's arrays. `string`: PostgreSQL's text. */
  readonly arrays: 'array' | 'string';
}

/** What an element of an array is, by the name of its type without modifier; `text` when it is none of these. */
const ELEMENT_KIND: Readonly<Record<string, ColumnKind>> = {
  smallint: 'integer',
  integer: 'integer',
  oid: 'integer',
  bigint: 'bigint',
  numeric: 'exact',
  money: 'exact',
  real: 'float',
  'double precision': 'float',
  boolean: 'boolean',
  date: 'date',
  'time without time zone': 'time',
  'timestamp without time zone': 'timestamp',
  'timestamp with time zone': 'timestamptz',
  uuid: 'uuid',
  json: 'json',
  jsonb: 'json',
  bytea: 'bytea',
};

const ARRAY_SUFFIX = '[]';
const MODIFIER = /\([^)]*\)/;
const PRECISION_AND_SCALE = /^(?:numeric|decimal)\((\d+)(?:,(-?\d+))?\)$/;
/** Their `integer` is more than 32 bits. */
const INT = /^(?:smallint|integer|int[24]?)\b/;

type TypedColumn = Pick<Column, 'name' | 'kind' | 'sqlType'>;

/** The elements of an array column as a column of their own; `undefined` when it is no array. Boxes are separated by semicolons, and stay text. */
export function elementOf({ name, kind, sqlType }: TypedColumn): TypedColumn | undefined {
  if (kind !== 'text' || !sqlType.endsWith(ARRAY_SUFFIX) || sqlType === 'box[]') return undefined;
  const element = sqlType.slice(0, -ARRAY_SUFFIX.length);
  return { name, sqlType: element, kind: ELEMENT_KIND[element.replace(MODIFIER, '')] ?? 'text' };
}

/** Avro's decimals have 0 <= scale <= precision; PostgreSQL's scale may be negative, or larger than the precision. */
function decimalType(sqlType: string): AvroType {
  const match = PRECISION_AND_SCALE.exec(sqlType);
  if (match === null) return 'string';
  const scale = Number(match[2] ?? 0);
  const precision = Math.max(Number(match[1]) - Math.min(scale, 0), scale);
  return { type: 'bytes', logicalType: 'decimal', precision, scale: Math.max(scale, 0) };
}

/**
 * The type of a column's values. Lossless: numeric without a fixed scale, money and types without a counterpart are strings in
 * PostgreSQL's format; `real` is a double, so that its decimal digits stay.
 */
export function avroType(column: TypedColumn, options: AvroOptions): AvroType {
  switch (column.kind) {
    case 'integer':
      return INT.test(column.sqlType) ? 'int' : 'long';
    case 'bigint':
      return 'long';
    case 'exact':
      return options.numeric === 'decimal' ? decimalType(column.sqlType) : 'string';
    case 'float':
      return 'double';
    case 'boolean':
      return 'boolean';
    case 'timestamptz':
      return { type: 'long', logicalType: 'timestamp-micros' };
    case 'timestamp':
      return { type: 'long', logicalType: 'local-timestamp-micros' };
    case 'date':
      return { type: 'int', logicalType: 'date' };
    case 'time':
      return { type: 'long', logicalType: 'time-micros' };
    case 'uuid':
      return { type: 'string', logicalType: 'uuid' };
    case 'bytea':
      return 'bytes';
    case 'json':
      return 'string';
    case 'text': {
      const element = options.arrays === 'array' ? elementOf(column) : undefined;
      return element === undefined ? 'string' : { type: 'array', items: ['null', avroType(element, options)] };
    }
  }
}
