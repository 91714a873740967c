import type { Column, TableSchema } from '@millrace/formats';
import type { SchemaElement } from 'hyparquet-writer';
import { clockUsOf, daysOf, NotRepresentable, timestampUsOf, unscaledOf } from './parquet-value.ts';

/** A column of a Parquet file and how PostgreSQL's text becomes a value of it. */
export interface ParquetColumn {
  readonly element: SchemaElement;
  /** @throws NotRepresentable */
  readonly decode: (text: string) => unknown;
}

/** Decimals beyond have no type in Parquet's readers. */
const PRECISION_MAX = 38;
const PRECISION_OF_INT32 = 9;
const PRECISION_OF_INT64 = 18;
const DECIMAL_BYTES = 16;

const TEXT = { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } } as const;
const asIs = (text: string): string => text;

function decimalColumn(name: string, precision: number, scale: number): ParquetColumn {
  const storage =
    precision <= PRECISION_OF_INT32
      ? ({ type: 'INT32' } as const)
      : precision <= PRECISION_OF_INT64
        ? ({ type: 'INT64' } as const)
        : ({ type: 'FIXED_LEN_BYTE_ARRAY', type_length: DECIMAL_BYTES } as const);
  return {
    element: { name, repetition_type: 'OPTIONAL', ...storage, converted_type: 'DECIMAL', precision, scale },
    decode: (text) => unscaledOf(text, precision, scale),
  };
}

function numericColumn(name: string, sqlType: string): ParquetColumn {
  const [, precision = '0', scale = '0'] = /^numeric\((\d+)(?:,(-?\d+))?\)$/.exec(sqlType) ?? [];
  const [digits, decimals] = [Number(precision), Number(scale)];
  // Of any size, or of a size that Parquet has no type for.
  if (digits < 1 || digits > PRECISION_MAX || decimals < 0 || decimals > digits)
    return { element: { name, repetition_type: 'OPTIONAL', ...TEXT }, decode: asIs };
  return decimalColumn(name, digits, decimals);
}

function hexBytes(text: string): Uint8Array {
  if (!text.startsWith('\\x')) throw new NotRepresentable('is not bytea');
  return Uint8Array.from(Buffer.from(text.slice(2), 'hex'));
}

function columnOf({ name, kind, sqlType }: Column): ParquetColumn {
  const as = (
    element: Omit<SchemaElement, 'name' | 'repetition_type'>,
    decode: (text: string) => unknown,
  ): ParquetColumn => ({ element: { name, repetition_type: 'OPTIONAL', ...element }, decode });
  switch (kind) {
    case 'integer':
      // Unsigned.
      return sqlType === 'oid' ? as({ type: 'INT64' }, BigInt) : as({ type: 'INT32' }, Number);
    case 'bigint':
      return as({ type: 'INT64' }, BigInt);
    case 'exact':
      return numericColumn(name, sqlType);
    case 'float':
      return as({ type: sqlType === 'real' ? 'FLOAT' : 'DOUBLE' }, Number);
    case 'boolean':
      return as({ type: 'BOOLEAN' }, (text) => text === 't');
    case 'date':
      return as({ type: 'INT32', converted_type: 'DATE', logical_type: { type: 'DATE' } }, daysOf);
    case 'time':
      return as(
        {
          type: 'INT64',
          converted_type: 'TIME_MICROS',
          logical_type: { type: 'TIME', isAdjustedToUTC: false, unit: 'MICROS' },
        },
        clockUsOf,
      );
    case 'timestamp':
      return as(
        { type: 'INT64', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: false, unit: 'MICROS' } },
        timestampUsOf,
      );
    case 'timestamptz':
      return as(
        { type: 'INT64', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' } },
        timestampUsOf,
      );
    case 'uuid':
      return as({ type: 'FIXED_LEN_BYTE_ARRAY', type_length: 16, logical_type: { type: 'UUID' } }, asIs);
    case 'bytea':
      return as({ type: 'BYTE_ARRAY' }, hexBytes);
    default:
      // json as well: readers have functions for the text, and not all know the type.
      return as(TEXT, asIs);
  }
}

export const parquetColumns = ({ columns }: TableSchema): readonly ParquetColumn[] => columns.map(columnOf);

const REQUIRED_TEXT = { repetition_type: 'REQUIRED', ...TEXT } as const;

/** Columns before the table's own when metadata is written. */
export const METADATA_ELEMENTS: readonly SchemaElement[] = [
  { name: '__op', ...REQUIRED_TEXT },
  { name: '__table', ...REQUIRED_TEXT },
  { name: '__lsn', repetition_type: 'OPTIONAL', ...TEXT },
  { name: '__index', repetition_type: 'OPTIONAL', type: 'INT32' },
  {
    name: '__commit_time',
    repetition_type: 'OPTIONAL',
    type: 'INT64',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
  },
  { name: '__unchanged', repetition_type: 'OPTIONAL', ...TEXT },
];
