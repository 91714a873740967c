import { MillraceError } from '@millrace/kernel';
import { parse } from 'postgres-array';
import type { Column } from '../change/table-schema.ts';
import { ValueUnsupported } from '../change/value-text.ts';
import { decimalBytes } from './avro-decimal.ts';
import { daysOfDate, microsOfTime, microsOfTimestamp } from './avro-time.ts';
import { type AvroType, elementOf } from './avro-type.ts';

/** What lies below a logical type, as the library takes it. */
export type AvroValue = string | number | bigint | boolean | Buffer | null | readonly AvroValue[];

/** A value in PostgreSQL's text format as Avro's. @throws MillraceError `formats.value_unsupported` */
export type ToAvro = (text: string) => AvroValue;

type TypedColumn = Pick<Column, 'name' | 'kind' | 'sqlType'>;

const INT_MAX = 2 ** 31 - 1;
const LONG_MAX = 2n ** 63n - 1n;
const INTEGER = /^[+-]?\d+$/;
const SAFE_DIGITS = 15;

function intOf(text: string): number | undefined {
  const value = Number(text);
  return INTEGER.test(text) && value <= INT_MAX && value >= -INT_MAX - 1 ? value : undefined;
}

function longOf(text: string): number | bigint | undefined {
  if (!INTEGER.test(text)) return undefined;
  if (text.length <= SAFE_DIGITS) return Number(text);
  const value = BigInt(text);
  return value <= LONG_MAX && value >= -LONG_MAX - 1n ? value : undefined;
}

/** PostgreSQL spells NaN and the infinities as JavaScript does. */
const doubleOf = (text: string): number | undefined => {
  const value = Number(text);
  return Number.isNaN(value) && text !== 'NaN' ? undefined : value;
};

const bytesOf = (text: string): Buffer | undefined =>
  text.startsWith('\\x') ? Buffer.from(text.slice(2), 'hex') : undefined;

/** How values of a column become values of its type. */
export function toAvro(column: TypedColumn, type: AvroType): ToAvro {
  const checked =
    (convert: (text: string) => AvroValue | undefined, what: string, mend?: string): ToAvro =>
    (text) => {
      const value = convert(text);
      if (value === undefined) throw unsupported(column, what, mend);
      return value;
    };
  switch (typeof type === 'string' ? type : type.type === 'array' ? 'array' : logicalOf(type)) {
    case 'int':
      return checked(intOf, 'an integer of 32 bits');
    case 'long':
      return checked(longOf, 'an integer of 64 bits');
    case 'double':
      return checked(doubleOf, 'a number');
    case 'boolean':
      return (text) => text === 't';
    case 'bytes':
      return checked(bytesOf, 'bytes in hex');
    case 'decimal': {
      const { precision, scale } = type as { readonly precision: number; readonly scale: number };
      const convert = (text: string): Buffer | undefined => decimalBytes(text, precision, scale);
      return checked(convert, `a decimal(${precision},${scale})`, 'Set numeric to string for columns that hold NaN.');
    }
    case 'timestamp-micros':
    case 'local-timestamp-micros':
      return checked(microsOfTimestamp, 'a timestamp of 64 bits');
    case 'date':
      return checked(daysOfDate, 'a date');
    case 'time-micros':
      return checked(microsOfTime, 'a time of day');
    case 'array':
      return arrayOf(column, type as Extract<AvroType, { readonly type: 'array' }>);
    default:
      return (text) => text;
  }
}

const logicalOf = (type: object): string => (type as { readonly logicalType: string }).logicalType;

function arrayOf(column: TypedColumn, type: Extract<AvroType, { readonly type: 'array' }>): ToAvro {
  const element = toAvro(elementOf(column)!, type.items[1]);
  return (text) => {
    const isOneDimension = text.startsWith('{') && !text.startsWith('{{');
    if (!isOneDimension) {
      const mend = 'Set arrays to string: the text has all dimensions and bounds.';
      throw unsupported(column, 'an array of one dimension that begins at 1', mend);
    }
    return parse(text, element);
  };
}

const unsupported = ({ name, sqlType }: TypedColumn, what: string, mend?: string): MillraceError =>
  new MillraceError(ValueUnsupported, {
    // The value itself may be a secret.
    message: `column ${JSON.stringify(name)} of type ${sqlType} got a value that is not ${what}, as its Avro type wants`,
    mend: mend ?? 'Convert the column to text in a map stage first.',
    details: { column: name, sqlType },
  });
