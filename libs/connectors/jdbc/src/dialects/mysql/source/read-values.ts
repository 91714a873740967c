import { MillraceError } from '@millrace/kernel';
import { ValueUnreadable } from '../../../errors.ts';
import type { SourceColumn } from '../../../source/source-dialect.ts';
import type { TupleWriter } from '../../../source/tuple-writer.ts';

const ZERO = 48; // '0'
const DASH = 45;
const DOT = 46;
const ONE = 49;

/** Puts a value, as the text protocol sends it, into a row. */
export type PutValue = (writer: TupleWriter, value: Buffer) => void;

const asItIs: PutValue = (writer, value) => writer.copy(value, 0, value.length);

export function putValue(column: SourceColumn, zeroDates: 'refuse' | 'null'): PutValue {
  switch (column.kind) {
    case 'boolean':
      return (writer, value) => writer.ascii(value.length === 1 && value[0] === ONE ? 't' : 'f');
    case 'bytea':
      return (writer, value) => writer.hex(value);
    case 'time':
      return (writer, value) => writer.copy(value, 0, withoutZeros(value));
    case 'date':
    case 'timestamp':
    case 'timestamptz': {
      const zone = column.kind === 'timestamptz' ? '+00' : '';
      return (writer, value) => {
        if (!isZeroDate(value)) writer.ascii(value.toString('latin1', 0, withoutZeros(value)) + zone);
        else if (zeroDates === 'null') writer.null();
        else throw zeroDate(column.name);
      };
    }
    default:
      return asItIs;
  }
}

/** Where the text ends without the zeros at the end of its fraction: PostgreSQL writes none. */
function withoutZeros(value: Buffer): number {
  if (!value.includes(DOT)) return value.length;
  let end = value.length;
  while (value[end - 1] === ZERO) end -= 1;
  return value[end - 1] === DOT ? end - 1 : end;
}

/** A year, month or day of zero, as in `2024-00-10`. */
function isZeroDate(value: Buffer): boolean {
  const isZero = (from: number, to: number): boolean => {
    for (let at = from; at < to; at++) if (value[at] !== ZERO) return false;
    return true;
  };
  return value[4] === DASH && (isZero(0, 4) || isZero(5, 7) || isZero(8, 10));
}

const zeroDate = (name: string): MillraceError =>
  new MillraceError(ValueUnreadable, {
    message: `column "${name}" has a date with a year, month or day of zero`,
    mend: 'Repair the row, or set "zeroDates": "null"; a query can also read it as text: CAST(… AS CHAR).',
    pointer: '/zeroDates',
    details: { column: name },
  });
