import type { LogicalType, SchemaElement, TimeUnit } from 'hyparquet';
import { type Column } from '../../change/table-schema.ts';
import { columnText, NotAValue } from '../../declared/column-text.ts';

/** A value as the file holds it, without its logical type. */
export type StoredValue = number | bigint | boolean | Uint8Array;

/** PostgreSQL's text of a stored value. @throws NotAValue */
export type CellText = (value: StoredValue) => string;

const UNITS_PER_SECOND: Readonly<Record<TimeUnit, bigint>> = {
  MILLIS: 1_000n,
  MICROS: 1_000_000n,
  NANOS: 1_000_000_000n,
};
const MS_PER_DAY = 86_400_000;
const SECONDS_PER_DAY = 86_400n;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What older writers say instead of a logical type. Their timestamps are instants. */
const OLDER: Readonly<Record<string, LogicalType>> = {
  UTF8: { type: 'STRING' },
  ENUM: { type: 'STRING' },
  JSON: { type: 'JSON' },
  DATE: { type: 'DATE' },
  TIME_MILLIS: { type: 'TIME', isAdjustedToUTC: false, unit: 'MILLIS' },
  TIME_MICROS: { type: 'TIME', isAdjustedToUTC: false, unit: 'MICROS' },
  TIMESTAMP_MILLIS: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
  TIMESTAMP_MICROS: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
  UINT_8: { type: 'INTEGER', bitWidth: 8, isSigned: false },
  UINT_16: { type: 'INTEGER', bitWidth: 16, isSigned: false },
  UINT_32: { type: 'INTEGER', bitWidth: 32, isSigned: false },
  UINT_64: { type: 'INTEGER', bitWidth: 64, isSigned: false },
  INT_8: { type: 'INTEGER', bitWidth: 8, isSigned: true },
  INT_16: { type: 'INTEGER', bitWidth: 16, isSigned: true },
  INT_32: { type: 'INTEGER', bitWidth: 32, isSigned: true },
  INT_64: { type: 'INTEGER', bitWidth: 64, isSigned: true },
};

const logicalOf = ({ logical_type, converted_type, precision, scale = 0 }: SchemaElement): LogicalType | undefined => {
  if (converted_type === 'DECIMAL') return { type: 'DECIMAL', precision: precision ?? 0, scale };
  return logical_type ?? (converted_type === undefined ? undefined : (OLDER[converted_type] ?? { type: 'INTERVAL' }));
};

/**
 * How values of a column of the file become values of the declared column.
 * @throws NotAValue when they can't
 */
export function cellText(column: Column, element: SchemaElement): CellText {
  const { kind, name } = column;
  const logical = logicalOf(element);
  const own = ownText(element, logical);
  const isText = element.type === 'BYTE_ARRAY' && (logical?.type === 'STRING' || logical?.type === 'JSON');
  if (kind === 'text' && own !== undefined) return own;
  // Bytes without a type are texts of older writers, if the column is to be one.
  if (kind === 'text' && element.type === 'BYTE_ARRAY' && logical === undefined) return utf8;
  if (isText) return (value) => columnText(column, utf8(value), true)!;
  if (own !== undefined && fits(kind, element, logical)) return own;
  throw new NotAValue(`column "${name}" is ${typeName(element, logical)}, which can't be read as ${column.sqlType}`);
}

const typeName = ({ type }: SchemaElement, logical: LogicalType | undefined): string => {
  if (logical === undefined) return type!;
  const zone = logical.type === 'TIMESTAMP' ? ` ${logical.isAdjustedToUTC ? 'in UTC' : 'without a zone'}` : '';
  return `${logical.type}${zone}`;
};

function fits(kind: Column['kind'], { type }: SchemaElement, logical: LogicalType | undefined): boolean {
  const isInteger = (type === 'INT32' || type === 'INT64') && (logical === undefined || logical.type === 'INTEGER');
  switch (kind) {
    case 'integer':
    case 'bigint':
      return isInteger || (logical?.type === 'DECIMAL' && logical.scale === 0);
    case 'exact':
      return isInteger || logical?.type === 'DECIMAL';
    case 'float':
      return type === 'FLOAT' || type === 'DOUBLE' || isInteger;
    case 'boolean':
      return type === 'BOOLEAN';
    case 'date':
      return logical?.type === 'DATE';
    case 'time':
      return logical?.type === 'TIME';
    case 'timestamp':
      return type === 'INT96' || (logical?.type === 'TIMESTAMP' && !logical.isAdjustedToUTC);
    case 'timestamptz':
      return type === 'INT96' || (logical?.type === 'TIMESTAMP' && logical.isAdjustedToUTC);
    case 'uuid':
      return logical?.type === 'UUID';
    case 'bytea':
      return (type === 'BYTE_ARRAY' || type === 'FIXED_LEN_BYTE_ARRAY') && logical === undefined;
    default:
      return false;
  }
}

/** The text of a value by the file's type alone; `undefined` of types that have none here. */
function ownText({ type }: SchemaElement, logical: LogicalType | undefined): CellText | undefined {
  switch (logical?.type) {
    case undefined:
      if (type === 'INT96') return (value) => timestamp(value as bigint, 'NANOS');
      if (type === 'BYTE_ARRAY' || type === 'FIXED_LEN_BYTE_ARRAY') return hex;
      return type === 'BOOLEAN' ? (value) => (value === true ? 't' : 'f') : String;
    case 'STRING':
    case 'JSON':
      return utf8;
    case 'INTEGER':
      return logical.isSigned
        ? String
        : (value) => String(BigInt.asUintN(type === 'INT64' ? 64 : 32, BigInt(value as number)));
    case 'DECIMAL': {
      const { scale } = logical;
      return (value) => decimal(value instanceof Uint8Array ? signedOf(value) : BigInt(value), scale);
    }
    case 'DATE':
      return (value) => date(value as number);
    case 'TIME':
      return (value) => clock(BigInt(value as number), logical.unit);
    case 'TIMESTAMP':
      return (value) => timestamp(value as bigint, logical.unit) + (logical.isAdjustedToUTC ? '+00' : '');
    case 'UUID':
      return (value) =>
        hex(value)
          .slice(2)
          .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
    default:
      return undefined;
  }
}

function utf8(value: StoredValue): string {
  try {
    return decoder.decode(value as Uint8Array);
  } catch {
    throw new NotAValue('is not UTF-8');
  }
}

const hex = (value: StoredValue): string => `\\x${Buffer.from(value as Uint8Array).toString('hex')}`;

const signedOf = (bytes: Uint8Array): bigint =>
  bytes.length === 0 ? 0n : BigInt.asIntN(bytes.length * 8, BigInt(`0x${Buffer.from(bytes).toString('hex')}`));

function decimal(unscaled: bigint, scale: number): string {
  if (scale === 0) return String(unscaled);
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

function date(days: number): string {
  const time = new Date(days * MS_PER_DAY);
  if (Number.isNaN(time.getTime())) throw new NotAValue('is too far away');
  const year = time.getUTCFullYear();
  // ISO 8601 has a year 0, which is 1 BC.
  const [written, era] = year > 0 ? [year, ''] : [1 - year, ' BC'];
  return `${String(written).padStart(4, '0')}-${two(time.getUTCMonth() + 1)}-${two(time.getUTCDate())}${era}`;
}

const two = (value: number | bigint): string => String(value).padStart(2, '0');

function clock(value: bigint, unit: TimeUnit): string {
  const perSecond = UNITS_PER_SECOND[unit];
  const [seconds, rest] = [value / perSecond, value % perSecond];
  const us = (rest * UNITS_PER_SECOND.MICROS) / perSecond;
  if (unit === 'NANOS' && rest % 1_000n !== 0n) throw new NotAValue('has nanoseconds');
  const fraction = us === 0n ? '' : `.${String(us).padStart(6, '0').replace(/0+$/, '')}`;
  return `${two(seconds / 3_600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}${fraction}`;
}

function timestamp(value: bigint, unit: TimeUnit): string {
  const perDay = UNITS_PER_SECOND[unit] * SECONDS_PER_DAY;
  const ofDay = ((value % perDay) + perDay) % perDay;
  const [day, era = ''] = date(Number((value - ofDay) / perDay)).split(' ');
  return `${day} ${clock(ofDay, unit)}${era && ` ${era}`}`;
}
