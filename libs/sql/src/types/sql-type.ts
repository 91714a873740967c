/** A type of PostgreSQL. */
export interface SqlType {
  /** Its internal name: `int4`, `numeric`, `timestamptz`, …; names that are not known here are treated as text. */
  readonly name: string;
  /** `numeric(12,2)`: [12, 2]; `varchar(10)`: [10]. */
  readonly modifier?: readonly number[] | undefined;
  /** Of an array (whose `name` is `array`). */
  readonly element?: SqlType | undefined;
}

/** Written names to internal ones. */
const ALIASES: Readonly<Record<string, string>> = {
  bool: 'boolean',
  smallint: 'int2',
  integer: 'int4',
  int: 'int4',
  bigint: 'int8',
  real: 'float4',
  'double precision': 'float8',
  decimal: 'numeric',
  'character varying': 'varchar',
  character: 'bpchar',
  char: 'bpchar',
  'timestamp without time zone': 'timestamp',
  'timestamp with time zone': 'timestamptz',
  'time without time zone': 'time',
};

const PRINTED: Readonly<Record<string, string>> = {
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
  float4: 'real',
  float8: 'double precision',
  varchar: 'character varying',
  bpchar: 'character',
  timestamp: 'timestamp without time zone',
  timestamptz: 'timestamp with time zone',
  time: 'time without time zone',
};

/** Types whose values have a representation of their own; values of all others are texts. */
export const KNOWN_TYPES = new Set(
  'boolean int2 int4 int8 float4 float8 numeric text varchar bpchar uuid bytea date time timestamp timestamptz interval json jsonb'.split(
    ' ',
  ),
);

const WRITTEN =
  /^\s*(?:pg_catalog\.)?("?)([^"([]+?)\1\s*(?:\(\s*(-?\d+(?:\s*,\s*-?\d+)*)\s*\))?\s*((?:with|without) time zone)?\s*((?:\[\d*\])*)\s*$/i;

/** Reads a type as PostgreSQL writes it: `numeric(12,2)`, `timestamp(3) with time zone`, `text[]`. */
export function parseSqlType(text: string): SqlType {
  const match = WRITTEN.exec(text);
  if (match === null) return { name: text };
  const [, , base, modifiers, zone, brackets] = match;
  const written = [base!.toLowerCase(), ...(zone === undefined ? [] : [zone.toLowerCase()])].join(' ');
  const modifier = modifiers?.split(',').map(Number);
  const name = ALIASES[written] ?? written;
  let type: SqlType = modifier === undefined ? { name } : { name, modifier };
  const depth = (brackets?.match(/\[/g) ?? []).length;
  if (depth > 0) type = { name: 'array', element: type };
  return type;
}

/** Writes a type as PostgreSQL's `format_type` does. */
export function sqlTypeText({ name, modifier, element }: SqlType): string {
  if (element !== undefined) return `${sqlTypeText(element)}[]`;
  const printed = PRINTED[name] ?? name;
  if (modifier === undefined) return printed;
  const [head, ...zone] = printed.split(/ (?=with)/);
  return `${head}(${modifier.join(',')})${zone.length === 0 ? '' : ` ${zone.join(' ')}`}`;
}

export type Category = 'boolean' | 'number' | 'string' | 'datetime' | 'interval' | 'other' | 'unknown';

const CATEGORIES: Readonly<Record<string, Category>> = {
  boolean: 'boolean',
  int2: 'number',
  int4: 'number',
  int8: 'number',
  numeric: 'number',
  float4: 'number',
  float8: 'number',
  text: 'string',
  varchar: 'string',
  bpchar: 'string',
  date: 'datetime',
  time: 'datetime',
  timestamp: 'datetime',
  timestamptz: 'datetime',
  interval: 'interval',
  unknown: 'unknown',
};

export const categoryOf = (name: string): Category => CATEGORIES[name] ?? 'other';

/** The type that its category prefers (manual, "Type Conversion"). */
export const isPreferred = (name: string): boolean =>
  name === 'boolean' || name === 'float8' || name === 'text' || name === 'timestamptz' || name === 'interval';

/** Casts that happen by themselves, and only upwards. */
const IMPLICIT: Readonly<Record<string, readonly string[]>> = {
  int2: ['int4', 'int8', 'numeric', 'float4', 'float8'],
  int4: ['int8', 'numeric', 'float4', 'float8'],
  int8: ['numeric', 'float4', 'float8'],
  numeric: ['float4', 'float8'],
  float4: ['float8'],
  varchar: ['text', 'bpchar'],
  bpchar: ['text', 'varchar'],
  text: ['varchar', 'bpchar'],
  date: ['timestamp', 'timestamptz'],
  timestamp: ['timestamptz'],
  time: ['interval'],
};

export const castsImplicitly = (from: string, to: string): boolean =>
  from === to ||
  from === 'unknown' ||
  (IMPLICIT[from]?.includes(to) ?? false) ||
  (!KNOWN_TYPES.has(from) && to === 'text');
