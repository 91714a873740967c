import type { ColumnSchema } from '@millrace/engine';
import { propertyName } from '../loop/object-literal.ts';

/** What one field of a packed row can hold. Every step to the right holds all that the one before it does. */
const FIELD_KINDS = ['int32', 'float64', 'any'] as const;
type FieldKind = (typeof FIELD_KINDS)[number];

/** How rows are packed: plain objects with these keys in this order, and what each field holds. */
export interface PackedForm {
  readonly names: readonly string[];
  readonly kinds: readonly (FieldKind | 'boolean')[];
}

/** Memory of some rows, each of `stride` 4-byte words: floats first, then integers. The first word of a row is its owner's. */
export interface PackedMemory {
  readonly ints: Int32Array;
  /** The same bytes. */
  readonly floats: Float64Array;
  /** Fields of any kind, row by row. */
  readonly values: unknown[];
}

/** Rows of one form: `write` refuses a row of another. */
export interface RowPacker {
  readonly form: PackedForm;
  /** 4-byte words of a row, an even number. */
  readonly stride: number;
  readonly write: (memory: PackedMemory, at: number, row: unknown) => boolean;
  readonly read: (memory: PackedMemory, at: number) => unknown;
}

/** Packs `count` rows from `from` on of columns, to row `at` and those after it. */
export type ColumnPacker = (
  memory: PackedMemory,
  at: number,
  columns: readonly unknown[],
  from: number,
  count: number,
) => void;

/** More than these are kept as objects: a form with as many fields is wide anyway. */
const FIELDS_MAX = 64;
/** Generated code that is kept; a stream with more forms than that makes them anew. */
const PACKERS_MAX = 500;

const packers = new Map<string, RowPacker>();

/** The least form that holds this row and all that `form` holds; `undefined`: rows that are better kept as objects. */
export function widenedForm(form: PackedForm | undefined, row: unknown): PackedForm | undefined {
  if (!isPlain(row)) return undefined;
  const names = Object.keys(row);
  if (names.length === 0 || names.length > FIELDS_MAX) return undefined;
  if (
    form !== undefined &&
    !(names.length === form.names.length && names.every((name, at) => name === form.names[at]))
  ) {
    return undefined;
  }
  const kinds = names.map((name, at) => widenedKind(form?.kinds[at], kindOf(row[name])));
  return kinds.every((kind) => kind === 'any') ? undefined : { names, kinds };
}

/** One for each form on a thread. */
export function packerOf(form: PackedForm): RowPacker {
  const name = JSON.stringify(form);
  let packer = packers.get(name);
  if (packer === undefined) {
    if (packers.size >= PACKERS_MAX) packers.clear();
    packer = makePacker(form);
    packers.set(name, packer);
  }
  return packer;
}

function kindOf(value: unknown): PackedForm['kinds'][number] {
  if (typeof value === 'number') return Object.is(value | 0, value) ? 'int32' : 'float64';
  return typeof value === 'boolean' ? 'boolean' : 'any';
}

function widenedKind(
  known: PackedForm['kinds'][number] | undefined,
  kind: PackedForm['kinds'][number],
): PackedForm['kinds'][number] {
  if (known === undefined || known === kind) return kind;
  if (known === 'boolean' || kind === 'boolean') return 'any';
  return FIELD_KINDS[Math.max(FIELD_KINDS.indexOf(known), FIELD_KINDS.indexOf(kind))]!;
}

/** An object that structured clone copies key by key. */
function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype;
}

interface Geometry {
  readonly stride: number;
  /** Expressions of the fields' places. */
  readonly places: readonly string[];
  /** Declares what is in those. */
  readonly head: string;
}

function geometryOf({ kinds }: PackedForm): Geometry {
  const count = (...wanted: readonly string[]): number => kinds.filter((kind) => wanted.includes(kind)).length;
  // Word 0 is the owner's and word 1 the first integer's, because floats begin at even words.
  const firstInt = 2 + 2 * count('float64');
  const words = firstInt + Math.max(count('int32', 'boolean') - 1, 0);
  const stride = words + (words % 2);
  const head = `const { ints, floats, values } = memory; const w = at * ${stride}, f = at * ${stride / 2}, a = at * ${count('any')};`;
  return { stride, places: placesOf(kinds, firstInt), head };
}

/** Writes the functions of a form. Names of properties come in as arguments, in the literal as JSON strings; all else is made here. */
function makePacker(form: PackedForm): RowPacker {
  const { names, kinds } = form;
  const { stride, places, head } = geometryOf(form);
  const checks = kinds.map((kind, field) => CHECKS[kind](`v${field}`));
  const write = [
    'return (memory, at, row) => {',
    'if (!isPlain(row)) return false;',
    'let k = 0;',
    'for (const key in row) if (key !== names[k++]) return false;',
    `if (k !== ${names.length}) return false;`,
    ...names.map((name, field) => `const v${field} = row[${JSON.stringify(name)}];`),
    ...checks.map((check) => (check === '' ? '' : `if (!(${check})) return false;`)),
    head,
    ...places.map((place, field) => `${place} = ${kinds[field] === 'boolean' ? `v${field} ? 1 : 0` : `v${field}`};`),
    'return true;',
    '};',
  ];
  const fields = names.map(
    (name, field) => `${propertyName(name)}: ${places[field]}${kinds[field] === 'boolean' ? ' === 1' : ''}`,
  );
  const read = `return (memory, at) => { ${head} return { ${fields.join(', ')} }; };`;
  // oxlint-disable-next-line typescript/no-implied-eval -- property names are JSON strings, all else is written here
  const compiled = new Function('isPlain', 'names', `"use strict"; ${write.join('\n')}`)(isPlain, names);
  // oxlint-disable-next-line typescript/no-implied-eval -- as above
  return { form, stride, write: compiled, read: new Function(`"use strict"; ${read}`)() } as RowPacker;
}

/** The form of rows in columns, and the function that packs them. */
export interface PackedSchema {
  readonly packer: RowPacker;
  readonly pack: ColumnPacker;
}

const schemas = new WeakMap<ColumnSchema, PackedSchema>();

/** One for each schema. */
export function packedSchemaOf(schema: ColumnSchema): PackedSchema {
  let packed = schemas.get(schema);
  if (packed === undefined) {
    const { fields } = schema;
    const kinds = fields.map(({ type }) => (type === 'string' || type === 'int64' ? 'any' : type));
    const form = { names: fields.map(({ name }) => name), kinds };
    packed = { packer: packerOf(form), pack: makeColumnPacker(form, fields) };
    schemas.set(schema, packed);
  }
  return packed;
}

function makeColumnPacker(form: PackedForm, fields: ColumnSchema['fields']): ColumnPacker {
  const { places, head } = geometryOf(form);
  const columns = fields.map(({ type }, field) =>
    type === 'string'
      ? `const c${field} = columns[${field}].text, o${field} = columns[${field}].offsets;`
      : `const c${field} = columns[${field}];`,
  );
  const stores = fields.map(({ type }, field) => {
    const value = type === 'string' ? `c${field}.substring(o${field}[i], o${field}[i + 1])` : `c${field}[i]`;
    return `${places[field]} = ${value};`;
  });
  const body = [
    '"use strict";',
    'return (memory, first, columns, from, count) => {',
    ...columns,
    'for (let i = from, at = first; i < from + count; i++, at++) {',
    head,
    ...stores,
    '} };',
  ];
  // oxlint-disable-next-line typescript/no-implied-eval -- nothing that comes from a user is in the text
  return new Function(body.join('\n'))() as ColumnPacker;
}

const CHECKS: Readonly<Record<PackedForm['kinds'][number], (name: string) => string>> = {
  int32: (name) => `typeof ${name} === "number" && (${name} | 0) === ${name} && (${name} !== 0 || 1 / ${name} > 0)`,
  float64: (name) => `typeof ${name} === "number"`,
  boolean: (name) => `typeof ${name} === "boolean"`,
  any: () => '',
};

function placesOf(kinds: PackedForm['kinds'], firstInt: number): readonly string[] {
  let [float, int, any] = [1, 1, 0];
  return kinds.map((kind) => {
    if (kind === 'float64') return `floats[f + ${float++}]`;
    if (kind === 'any') return `values[a + ${any++}]`;
    const place = `ints[w + ${int}]`;
    int = int === 1 ? firstInt : int + 1;
    return place;
  });
}
