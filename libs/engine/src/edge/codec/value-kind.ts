/**
 * How a column of values is encoded. `none`: no value but null and undefined has come. `text`: strings of at most `TEXT_LENGTH_MAX`
 * units, joined. `record`: plain objects with the same keys in the same order. `tuple`: arrays of one length. `list`: arrays of records.
 * `any`: left to structured clone.
 */
export type KindType =
  | 'none'
  | 'int32'
  | 'float64'
  | 'boolean'
  | 'int64'
  | 'text'
  | 'record'
  | 'tuple'
  | 'list'
  | 'any';

/** Plain data: the writer of a stream sends it to the reader. */
export interface ValueKind {
  readonly type: KindType;
  /** Null or undefined come among the values. */
  readonly hasNulls: boolean;
  /** Keys of a record. */
  readonly names: readonly string[];
  /** Kinds of a record's or tuple's fields; of a list, the one of its elements. */
  readonly parts: readonly ValueKind[];
}

/**
 * A longer string cut out of a joined one keeps the whole of that in memory (V8 makes a view of 13 units and more), so a single key kept in
 * the state would hold the text of its batch.
 */
export const TEXT_LENGTH_MAX = 12;
/** Records in records beyond this depth, and fields beyond this number, are left to structured clone. */
const DEPTH_MAX = 4;
const FIELDS_MAX = 128;
const TUPLE_LENGTH_MAX = 8;

const NOTHING: readonly never[] = [];
const simple = (type: KindType): ValueKind => ({ type, hasNulls: false, names: NOTHING, parts: NOTHING });

export const NONE = simple('none');
export const ANY = simple('any');

/** The least kind that holds this value as well as all that `kind` holds. */
export function widened(kind: ValueKind, value: unknown, depth = 0): ValueKind {
  if (kind.type === 'any') return kind;
  if (value === null || value === undefined) return kind.hasNulls ? kind : { ...kind, hasNulls: true };
  const type = typeOf(value);
  switch (type) {
    case 'record':
      return widenedRecord(kind, value as Readonly<Record<string, unknown>>, depth);
    case 'list':
    case 'tuple':
      return widenedArray(kind, type, value as readonly unknown[], depth);
    default:
      if (kind.type === type || (kind.type === 'float64' && type === 'int32')) return kind;
      if (kind.type === 'none' || (kind.type === 'int32' && type === 'float64')) return { ...kind, type };
      return ANY;
  }
}

function widenedRecord(kind: ValueKind, value: Readonly<Record<string, unknown>>, depth: number): ValueKind {
  const names = Object.keys(value);
  if (kind.type === 'none') {
    if (depth === DEPTH_MAX || names.length > FIELDS_MAX) return ANY;
    const parts = names.map((name) => widened(NONE, value[name], depth + 1));
    return { type: 'record', hasNulls: kind.hasNulls, names, parts };
  }
  const isSame = kind.type === 'record' && names.length === kind.names.length;
  if (!isSame || names.some((name, index) => name !== kind.names[index])) return ANY;
  return { ...kind, parts: names.map((name, index) => widened(kind.parts[index]!, value[name], depth + 1)) };
}

function widenedArray(kind: ValueKind, type: 'list' | 'tuple', value: readonly unknown[], depth: number): ValueKind {
  // A tuple of records has been taken for a list when its kind began, and the other way round when a list came first.
  const into = kind.type === 'list' || (kind.type === 'none' && type === 'list') ? 'list' : 'tuple';
  const { parts, hasNulls } = kind;
  if (kind.type !== 'none' && kind.type !== into) return ANY;
  if (into === 'list') {
    const element = value.reduce<ValueKind>((each, part) => widened(each, part, depth + 1), parts[0] ?? NONE);
    return element.type === 'any' ? ANY : { type: into, hasNulls, names: NOTHING, parts: [element] };
  }
  if (depth === DEPTH_MAX || value.length > TUPLE_LENGTH_MAX) return ANY;
  if (kind.type !== 'none' && parts.length !== value.length) return ANY;
  return {
    type: into,
    hasNulls,
    names: NOTHING,
    parts: value.map((part, index) => widened(parts[index] ?? NONE, part, depth + 1)),
  };
}

function typeOf(value: unknown): KindType {
  switch (typeof value) {
    case 'number':
      return Object.is(value | 0, value) ? 'int32' : 'float64';
    case 'boolean':
      return 'boolean';
    case 'bigint':
      return BigInt.asIntN(64, value) === value ? 'int64' : 'any';
    case 'string':
      return value.length <= TEXT_LENGTH_MAX ? 'text' : 'any';
    case 'object':
      if (isDenseArray(value)) return value.every(isPlain) ? 'list' : 'tuple';
      return isPlain(value) ? 'record' : 'any';
    default:
      return 'any';
  }
}

/** An object that structured clone copies key by key. What has another prototype may be more than its keys. */
export function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** An array without holes and without properties besides its elements. */
export function isDenseArray(value: unknown): value is readonly unknown[] {
  if (!Array.isArray(value) || Object.getPrototypeOf(value) !== Array.prototype) return false;
  const keys = Object.keys(value);
  const { length } = value;
  // Indexes come first and in order: as many keys as elements, and the last index among them, are all indexes.
  return keys.length === length && (length === 0 || keys[length - 1] === String(length - 1));
}
