import type { ColumnKind } from '@millrace/formats';
import type { FieldPacket } from 'mysql2/promise';

/** Numbers of the protocol. https://dev.mysql.com/doc/dev/mysql-server/latest/field__types_8h.html */
const Type = {
  Tiny: 1,
  Short: 2,
  Long: 3,
  Float: 4,
  Double: 5,
  Timestamp: 7,
  LongLong: 8,
  Medium: 9,
  Date: 10,
  Time: 11,
  DateTime: 12,
  Year: 13,
  NewDate: 14,
  Bit: 16,
  Timestamp2: 17,
  DateTime2: 18,
  Time2: 19,
  Json: 245,
  NewDecimal: 246,
  Enum: 247,
  Set: 248,
  TinyBlob: 249,
  MediumBlob: 250,
  LongBlob: 251,
  Blob: 252,
  VarString: 253,
  String: 254,
  Geometry: 255,
} as const;

const NOT_NULL = 1;
const UNSIGNED = 32;
const ZEROFILL = 64;
const ENUM = 256;
const SET = 2_048;
const BINARY_CHARSET = 63;
/** Of the connection's utf8mb4. */
const BYTES_A_CHARACTER = 4;
const BIGINT_BITS = 63;

/** What mysql2 knows of a column of a result. */
export type Field = FieldPacket & {
  readonly characterSet: number;
  readonly columnLength: number;
  readonly flags: number;
};

interface Shape {
  readonly kind: ColumnKind;
  readonly sqlType: string;
  /** What a constant of it looks like, and how it is selected. */
  readonly type: 'number' | 'float' | 'bit' | 'text' | 'bytes' | 'date' | 'time' | 'timestamp';
}

const shape = (kind: ColumnKind, sqlType: string, type: Shape['type']): Shape => ({ kind, sqlType, type });

/** Kind and PostgreSQL's name of the type of a column, from what a result says of it. */
export function shapeOf(field: Field): Shape & { readonly nullable: boolean } {
  return { ...shapeOfType(field), nullable: (field.flags & NOT_NULL) === 0 };
}

function shapeOfType(field: Field): Shape {
  const isUnsigned = (field.flags & UNSIGNED) !== 0;
  const number = (sqlType: 'smallint' | 'integer'): Shape => shape('integer', sqlType, 'number');
  switch (field.columnType) {
    case Type.Tiny:
      return number('smallint');
    case Type.Short:
    case Type.Year:
      return number(isUnsigned ? 'integer' : 'smallint');
    case Type.Medium:
      return number('integer');
    case Type.Long:
      return isUnsigned ? shape('bigint', 'bigint', 'number') : number('integer');
    case Type.LongLong:
      return isUnsigned ? shape('exact', 'numeric(20,0)', 'number') : shape('bigint', 'bigint', 'number');
    case Type.NewDecimal: {
      const scale = field.decimals;
      const digits = field.columnLength - (scale > 0 ? 1 : 0) - (isUnsigned ? 0 : 1);
      return shape('exact', `numeric(${digits},${scale})`, 'number');
    }
    case Type.Float:
      return shape('float', 'real', 'float');
    case Type.Double:
      return shape('float', 'double precision', 'number');
    case Type.Bit:
      if (field.columnLength === 1) return shape('boolean', 'boolean', 'bit');
      if (field.columnLength <= BIGINT_BITS) return shape('bigint', 'bigint', 'bit');
      return shape('exact', 'numeric(20,0)', 'bit');
    case Type.Date:
    case Type.NewDate:
      return shape('date', 'date', 'date');
    case Type.DateTime:
    case Type.DateTime2:
      return shape('timestamp', 'timestamp without time zone', 'timestamp');
    case Type.Timestamp:
    case Type.Timestamp2:
      // Sessions run in UTC.
      return shape('timestamptz', 'timestamp with time zone', 'timestamp');
    case Type.Time:
    case Type.Time2:
      return shape('time', 'time without time zone', 'time');
    case Type.Json:
      return shape('json', 'json', 'text');
    case Type.Geometry:
      return shape('bytea', 'bytea', 'bytes');
    default:
      return shapeOfText(field);
  }
}

function shapeOfText(field: Field): Shape {
  if (field.extendedTypeName === 'uuid') return shape('uuid', 'uuid', 'text');
  if (field.extendedTypeName?.startsWith('inet') === true) return shape('text', 'text', 'text');
  if (field.extendedFormat === 'json') return shape('json', 'json', 'text');
  if ((field.flags & (ENUM | SET)) !== 0) return shape('text', 'text', 'text');
  if (field.characterSet === BINARY_CHARSET) return shape('bytea', 'bytea', 'bytes');
  const isShort = field.columnType === Type.String || field.columnType === Type.VarString;
  const characters = Math.floor(field.columnLength / BYTES_A_CHARACTER);
  return shape('text', isShort && characters > 0 ? `character varying(${characters})` : 'text', 'text');
}

/** Are its numbers filled up with zeros? They are digits of no number then. */
export const isZerofill = ({ flags }: Field): boolean => (flags & ZEROFILL) !== 0;
