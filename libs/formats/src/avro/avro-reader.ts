import { errorCode, MillraceError } from '@millrace/kernel';
import type avsc from 'avsc';
import type { ColumnKind } from '../change/table-schema.ts';
import { decimalText } from './avro-decimal.ts';
import { libraryType } from './avro-library.ts';
import { dateText, timestampText, timeText } from './avro-time.ts';

export const AvroSchemaInvalid = errorCode('formats.avro_schema_invalid', {
  domain: 'user',
  retry: 'never',
  title: 'An Avro schema that cannot be used',
});

/** A value by what it is. Scalars as PostgreSQL's text; records, maps and arrays (kind `json`) as what their JSON is made of. */
export interface AvroRead {
  readonly kind: ColumnKind;
  readonly value: unknown;
}

/** Makes a value of what the library read; null stays null. */
type Read = (raw: unknown) => AvroRead | null;

type Part = string | readonly Part[] | PartObject;

interface PartObject {
  readonly type: Part;
  readonly name?: string;
  readonly namespace?: string;
  readonly logicalType?: string;
  readonly scale?: number;
  readonly items?: Part;
  readonly values?: Part;
  readonly fields?: readonly { readonly name: string; readonly type: Part; readonly column?: string }[];
}

const US_PER_MS = 1_000n;
const NS_PER_US = 1_000n;

const scalar =
  (kind: ColumnKind, textOf: (raw: never) => string): Read =>
  (raw) =>
    raw === null ? null : { kind, value: textOf(raw as never) };

const hexOf = (raw: Buffer): string => `\\x${raw.toString('hex')}`;

const PRIMITIVE: Readonly<Record<string, Read>> = {
  null: () => null,
  boolean: scalar('boolean', (raw: boolean) => (raw ? 't' : 'f')),
  int: scalar('integer', String),
  long: scalar('bigint', String),
  float: scalar('float', shortestFloat),
  double: scalar('float', String),
  bytes: scalar('bytea', hexOf),
  fixed: scalar('bytea', hexOf),
  string: scalar('text', String),
  enum: scalar('text', String),
};

/** The fewest digits that mean this float of 32 bits. */
function shortestFloat(raw: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const rounded = Number(raw.toPrecision(digits));
    if (Math.fround(rounded) === raw) return String(rounded);
  }
  return String(raw);
}

const timestamp = (kind: 'timestamp' | 'timestamptz', microsOf: (raw: bigint) => bigint): Read =>
  scalar(kind, (raw: bigint) => timestampText(microsOf(raw), kind === 'timestamptz'));

/** Logical types of the specification; any other is ignored, as it says. https://avro.apache.org/docs/1.12.0/specification/#logical-types */
function logical(part: PartObject): Read | undefined {
  switch (`${part.type as string} ${part.logicalType}`) {
    case 'bytes decimal':
    case 'fixed decimal':
      return scalar('exact', (raw: Buffer) => decimalText(raw, part.scale ?? 0));
    case 'string uuid':
      return scalar('uuid', String);
    case 'int date':
      return scalar('date', dateText);
    case 'int time-millis':
      return scalar('time', (raw: number) => timeText(raw * 1_000));
    case 'long time-micros':
      return scalar('time', (raw: bigint) => timeText(Number(raw)));
    case 'long timestamp-millis':
      return timestamp('timestamptz', (raw) => raw * US_PER_MS);
    case 'long timestamp-micros':
      return timestamp('timestamptz', (raw) => raw);
    case 'long timestamp-nanos':
      return timestamp('timestamptz', (raw) => raw / NS_PER_US);
    case 'long local-timestamp-millis':
      return timestamp('timestamp', (raw) => raw * US_PER_MS);
    case 'long local-timestamp-micros':
      return timestamp('timestamp', (raw) => raw);
    case 'long local-timestamp-nanos':
      return timestamp('timestamp', (raw) => raw / NS_PER_US);
    default:
      return undefined;
  }
}

/** What JSON holds for a value: numbers where every reader takes them exactly, bytes in base64. */
export function jsonOf(read: AvroRead | null): unknown {
  if (read === null) return null;
  const { kind, value } = read;
  const text = value as string;
  switch (kind) {
    case 'json':
      return value;
    case 'boolean':
      return text === 't';
    case 'integer':
    case 'bigint':
      return Number.isSafeInteger(Number(text)) ? Number(text) : text;
    case 'float':
      return Number.isFinite(Number(text)) ? Number(text) : text;
    case 'bytea':
      return Buffer.from(text.slice(2), 'hex').toString('base64');
    case 'timestamptz':
      return text.replace(' ', 'T').replace('+00', 'Z');
    case 'timestamp':
      return text.replace(' ', 'T');
    default:
      return text;
  }
}

/** Compiles the parts of one schema. */
class Compiler {
  readonly #named = new Map<string, { read: Read }>();

  of(part: Part, namespace: string): Read {
    if (typeof part === 'string') return PRIMITIVE[part] ?? this.#reference(part, namespace);
    if (isUnion(part)) return this.#union(part, namespace);
    const { type } = part;
    if (typeof type !== 'string') return this.of(type, namespace);
    switch (type) {
      case 'record':
      case 'error':
        return this.#record(part, namespace);
      case 'array':
        return this.#list(this.of(part.items!, namespace));
      case 'map':
        return this.#map(this.of(part.values!, namespace));
      case 'enum':
      case 'fixed': {
        const read = logical(part) ?? PRIMITIVE[type]!;
        this.#named.set(fullName(part.name!, part.namespace ?? namespace), { read });
        return read;
      }
      default:
        return logical(part) ?? this.of(type, namespace);
    }
  }

  #reference(name: string, namespace: string): Read {
    const found = this.#named.get(fullName(name, namespace)) ?? this.#named.get(name)!;
    return (raw) => found.read(raw);
  }

  #union(branches: readonly Part[], namespace: string): Read {
    const readOf = new Map(branches.map((branch) => [branchName(branch, namespace), this.of(branch, namespace)]));
    return (raw) => {
      if (raw === null) return null;
      const [name, value] = Object.entries(raw as object)[0]!;
      return readOf.get(name)!(value);
    };
  }

  #record(part: PartObject, outer: string): Read {
    const name = fullName(part.name!, part.namespace ?? outer);
    const own = { read: PRIMITIVE['null']! };
    // Before its fields, which may refer to it.
    this.#named.set(name, own);
    const namespace = name.slice(0, Math.max(0, name.lastIndexOf('.')));
    const fields = part.fields!.map((field) => [field.name, this.of(field.type, namespace)] as const);
    own.read = (raw) => {
      const value = Object.fromEntries(
        fields.map(([field, read]) => [field, jsonOf(read((raw as Readonly<Record<string, unknown>>)[field]))]),
      );
      return { kind: 'json', value };
    };
    return own.read;
  }

  #list(item: Read): Read {
    return (raw) => ({ kind: 'json', value: (raw as readonly unknown[]).map((each) => jsonOf(item(each))) });
  }

  #map(item: Read): Read {
    return (raw) => ({
      kind: 'json',
      value: Object.fromEntries(Object.entries(raw as object).map(([key, each]) => [key, jsonOf(item(each))])),
    });
  }
}

const isUnion = (part: Part): part is readonly Part[] => Array.isArray(part);

const fullName = (name: string, namespace: string): string =>
  name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;

/** How the library names a branch of a union. */
function branchName(part: Part, namespace: string): string {
  if (typeof part === 'string') return part in PRIMITIVE ? part : fullName(part, namespace);
  const { type, name } = part as PartObject;
  return name === undefined ? branchName(type, namespace) : fullName(name, (part as PartObject).namespace ?? namespace);
}

export interface AvroReadField {
  readonly name: string;
  /** The column it holds, where that has another name. */
  readonly column: string;
  readonly read: Read;
}

/** Reads records of one schema, written with it or with another one that can be resolved to it. */
export class AvroReader {
  readonly fields: readonly AvroReadField[];
  readonly #type: avsc.Type;
  readonly #resolver: avsc.Resolver | undefined;

  /**
   * @param writerText schema that the records were written with; by default the same
   * @throws MillraceError `formats.avro_schema_invalid`
   */
  constructor(schemaText: string, writerText = schemaText) {
    const { schema, type } = parsed(schemaText);
    this.#resolver = writerText === schemaText ? undefined : resolverOf(type, writerText);
    const { name, namespace, fields } = schema;
    const full = fullName(name!, namespace ?? '');
    const inner = full.slice(0, Math.max(0, full.lastIndexOf('.')));
    this.#type = type;
    const compiler = new Compiler();
    compiler.of(schema, '');
    this.fields = fields!.map((field) => ({
      name: field.name,
      column: field.column ?? field.name,
      read: compiler.of(field.type, inner),
    }));
  }

  /**
   * Values by the names of the fields, as the library gives them; `read` of a field makes something of one.
   * @throws Error when the bytes are no such record
   */
  record(bytes: Buffer): Readonly<Record<string, unknown>> {
    return this.#type.fromBuffer(bytes, this.#resolver) as Readonly<Record<string, unknown>>;
  }

  /**
   * The record that begins at an offset, where one follows the other, and where it ends.
   * @throws Error when the bytes are no such record
   */
  recordAt(bytes: Buffer, at: number): { readonly record: Readonly<Record<string, unknown>>; readonly end: number } {
    const { value, offset } = this.#type.decode(bytes, at, this.#resolver);
    // Negative: there are bytes missing.
    if (offset < 0) throw new Error('it is cut off');
    return { record: value as Readonly<Record<string, unknown>>, end: offset };
  }
}

function resolverOf(type: avsc.Type, writerText: string): avsc.Resolver {
  const writer = parsed(writerText).type;
  try {
    return type.createResolver(writer);
  } catch (error) {
    throw new MillraceError(AvroSchemaInvalid, {
      message: `records of one schema cannot be read with another: ${(error as Error).message}`,
      mend: 'Make the schemas compatible, or read the columns that are declared, whatever the newest schema says.',
    });
  }
}

function parsed(text: string): { readonly schema: PartObject; readonly type: avsc.Type } {
  let reason: string;
  try {
    const schema = JSON.parse(text) as PartObject;
    const type = libraryType(schema, 'always', 'exact');
    if (schema.type === 'record') return { schema, type };
    reason = 'it is not of a record';
  } catch (error) {
    reason = (error as Error).message;
  }
  throw new MillraceError(AvroSchemaInvalid, {
    message: `an Avro schema cannot be used: ${reason}`,
    mend: 'Only records become rows. Check the schema that the registry has.',
  });
}
