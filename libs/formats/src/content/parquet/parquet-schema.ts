import type { SchemaElement } from 'hyparquet-writer';
import { type Column, type TableSchema } from '../../change/table-schema.ts';
import {
  type PlainValue,
  plainBoolean,
  plainBytea,
  plainDate,
  plainDecimal,
  plainDouble,
  plainFloat,
  plainInt32,
  plainInt64,
  plainText,
  plainTime,
  plainTimestamp,
  plainUuid,
} from './plain-value.ts';

/** A column of a Parquet file and how PostgreSQL's text becomes a value of it. */
export interface ParquetColumn {
  readonly element: SchemaElement;
  readonly plain: PlainValue;
}

/** Decimals beyond have no type in Parquet's readers. */
const PRECISION_MAX = 38;
const PRECISION_OF_INT32 = 9;
const PRECISION_OF_INT64 = 18;
const DECIMAL_BYTES = 16;

function timestampType(isAdjustedToUTC: boolean): Pick<SchemaElement, 'type' | 'logical_type'> {
  return { type: 'INT64', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC, unit: 'MICROS' } };
}

const TEXT = { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } } as const;

function decimalColumn(name: string, precision: number, scale: number): ParquetColumn {
  const [storage, byteCount] =
    precision <= PRECISION_OF_INT32
      ? ([{ type: 'INT32' }, 4] as const)
      : precision <= PRECISION_OF_INT64
        ? ([{ type: 'INT64' }, 8] as const)
        : ([{ type: 'FIXED_LEN_BYTE_ARRAY', type_length: DECIMAL_BYTES }, DECIMAL_BYTES] as const);
  return {
    element: { name, repetition_type: 'OPTIONAL', ...storage, converted_type: 'DECIMAL', precision, scale },
    plain: plainDecimal(byteCount, precision, scale),
  };
}

function numericColumn(name: string, sqlType: string): ParquetColumn {
  const [, precision = '0', scale = '0'] = /^numeric\((\d+)(?:,(-?\d+))?\)$/.exec(sqlType) ?? [];
  const [digits, decimals] = [Number(precision), Number(scale)];
  // Of any size, or of a size that Parquet has no type for.
  if (digits < 1 || digits > PRECISION_MAX || decimals < 0 || decimals > digits)
    return { element: { name, repetition_type: 'OPTIONAL', ...TEXT }, plain: plainText };
  return decimalColumn(name, digits, decimals);
}

function columnOf({ name, kind, sqlType }: Column): ParquetColumn {
  const as = (element: Omit<SchemaElement, 'name' | 'repetition_type'>, plain: PlainValue): ParquetColumn => ({
    element: { name, repetition_type: 'OPTIONAL', ...element },
    plain,
  });
  switch (kind) {
    case 'integer':
      // Unsigned.
      return sqlType === 'oid' ? as({ type: 'INT64' }, plainInt64) : as({ type: 'INT32' }, plainInt32);
    case 'bigint':
      return as({ type: 'INT64' }, plainInt64);
    case 'exact':
      return numericColumn(name, sqlType);
    case 'float':
      return sqlType === 'real' ? as({ type: 'FLOAT' }, plainFloat) : as({ type: 'DOUBLE' }, plainDouble);
    case 'boolean':
      return as({ type: 'BOOLEAN' }, plainBoolean);
    case 'date':
      return as({ type: 'INT32', converted_type: 'DATE', logical_type: { type: 'DATE' } }, plainDate);
    case 'time':
      return as(
        {
          type: 'INT64',
          converted_type: 'TIME_MICROS',
          logical_type: { type: 'TIME', isAdjustedToUTC: false, unit: 'MICROS' },
        },
        plainTime,
      );
    case 'timestamp':
      return as(timestampType(false), plainTimestamp(0));
    case 'timestamptz':
      return as(timestampType(true), plainTimestamp(3));
    case 'uuid':
      return as({ type: 'FIXED_LEN_BYTE_ARRAY', type_length: 16, logical_type: { type: 'UUID' } }, plainUuid);
    case 'bytea':
      return as({ type: 'BYTE_ARRAY' }, plainBytea);
    default:
      // json as well: readers have functions for the text, and not all know the type.
      return as(TEXT, plainText);
  }
}

export const parquetColumns = ({ columns }: TableSchema): readonly ParquetColumn[] => columns.map(columnOf);

/** Columns before the table's own when metadata is written; their texts are those of `RowBuffer.metadata`. */
export const METADATA_COLUMNS: readonly ParquetColumn[] = [
  { element: { name: '__op', repetition_type: 'REQUIRED', ...TEXT }, plain: plainText },
  { element: { name: '__table', repetition_type: 'REQUIRED', ...TEXT }, plain: plainText },
  { element: { name: '__lsn', repetition_type: 'OPTIONAL', ...TEXT }, plain: plainText },
  { element: { name: '__index', repetition_type: 'OPTIONAL', type: 'INT32' }, plain: plainInt32 },
  // Microseconds as digits.
  { element: { name: '__commit_time', repetition_type: 'OPTIONAL', ...timestampType(true) }, plain: plainInt64 },
  { element: { name: '__unchanged', repetition_type: 'OPTIONAL', ...TEXT }, plain: plainText },
];
