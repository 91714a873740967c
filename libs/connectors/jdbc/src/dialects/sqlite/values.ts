import type { ColumnKind } from '@millrace/formats';
import { Refusal } from '../../upsert/refusal.ts';
import type { PlanColumn } from '../../upsert/table-plan.ts';

/** What a declared type makes of values. https://www.sqlite.org/datatype3.html#determination_of_column_affinity */
export type Affinity = 'INTEGER' | 'TEXT' | 'BLOB' | 'REAL' | 'NUMERIC';

export function affinityOf(type: string): Affinity {
  const upper = type.toUpperCase();
  if (upper.includes('INT')) return 'INTEGER';
  if (/CHAR|CLOB|TEXT/.test(upper)) return 'TEXT';
  if (upper === '' || upper.includes('BLOB')) return 'BLOB';
  if (/REAL|FLOA|DOUB/.test(upper)) return 'REAL';
  return 'NUMERIC';
}

/** Affinities that leave every value of a kind as it is. NUMERIC turns texts that look like numbers into numbers. */
const EXACT: Readonly<Record<ColumnKind, readonly Affinity[]>> = {
  integer: ['INTEGER', 'NUMERIC', 'REAL', 'BLOB', 'TEXT'],
  bigint: ['INTEGER', 'NUMERIC', 'BLOB', 'TEXT'],
  boolean: ['INTEGER', 'NUMERIC', 'BLOB', 'TEXT'],
  float: ['REAL', 'BLOB', 'TEXT'],
  exact: ['TEXT', 'BLOB'],
  json: ['TEXT', 'BLOB'],
  text: ['TEXT', 'BLOB'],
  timestamptz: ['TEXT', 'NUMERIC', 'BLOB'],
  timestamp: ['TEXT', 'NUMERIC', 'BLOB'],
  date: ['TEXT', 'NUMERIC', 'BLOB'],
  time: ['TEXT', 'NUMERIC', 'BLOB'],
  uuid: ['TEXT', 'NUMERIC', 'BLOB'],
  bytea: ['BLOB', 'NUMERIC', 'TEXT'],
};

export function misfit(kind: ColumnKind, type: string): string | undefined {
  const affinity = affinityOf(type);
  if (EXACT[kind].includes(affinity)) return undefined;
  return `it has affinity ${affinity}, ${kind} needs ${EXACT[kind].join(', ')}`;
}

/** The types of STRICT tables. A numeric is text: SQLite's numbers are 64-bit integers and doubles. */
export function createdType(kind: ColumnKind): Affinity {
  if (kind === 'integer' || kind === 'bigint' || kind === 'boolean') return 'INTEGER';
  return kind === 'float' ? 'REAL' : kind === 'bytea' ? 'BLOB' : 'TEXT';
}

export type SqliteValue = bigint | number | string | Uint8Array | null;

/** Turns PostgreSQL's text of a value into one to bind. @throws Refusal for what SQLite would change silently. */
export function sqliteValue(column: PlanColumn): (text: string) => SqliteValue {
  const { kind, name, type } = column;
  const refuse = (why: string): never => {
    throw new Refusal(`column "${name}" cannot hold ${why}`);
  };
  const isText = affinityOf(type) === 'TEXT';
  switch (kind) {
    case 'integer':
    case 'bigint':
      return isText ? String : BigInt;
    case 'boolean':
      return isText ? String : (text) => (text === 't' ? 1n : 0n);
    case 'float':
      // SQLite stores NaN as null.
      return isText ? String : (text) => (text === 'NaN' ? refuse('NaN') : Number(text));
    case 'bytea':
      return (text) =>
        text.startsWith('\\x') ? Buffer.from(text.slice(2), 'hex') : refuse('bytes that are not written in hex');
    case 'timestamptz':
      // SQLite's own functions read an offset with minutes only.
      return (text) => text.replace(/([+-]\d\d)$/, '$1:00');
    default:
      return String;
  }
}
