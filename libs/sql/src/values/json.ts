import { InvalidText, sqlError } from '../errors.ts';
import { compareNumeric, type Numeric, numericText, parseNumeric } from './numeric.ts';

/** A JSON value; numbers are exact. Plain data, so it survives structured clone. */
export type Json = null | boolean | string | Numeric | readonly Json[] | ReadonlyMap<string, Json>;

/** A value of type jsonb: JSON's null is not SQL's. */
export interface Jsonb {
  readonly json: Json;
}

/** Reads JSON text with exact numbers. @throws MillraceError `sql.invalid_text` */
export function parseJson(text: string): Jsonb {
  try {
    return { json: JSON.parse(text, revive) as Json };
  } catch {
    throw sqlError(InvalidText, 'invalid input syntax for type json');
  }
}

/** Proposal-json-parse-with-source: the text of a number is given to the reviver. */
function revive(_key: string, value: unknown, context?: { readonly source?: string }): Json {
  if (typeof value === 'number') return parseNumeric(context!.source!);
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Map)) {
    const isNumber = Object.keys(value).join() === 'digits,scale' && typeof (value as Numeric).digits === 'bigint';
    return isNumber ? (value as Numeric) : new Map(Object.entries(value as Record<string, Json>));
  }
  return value as Json;
}

const isObject = (json: Json): json is ReadonlyMap<string, Json> => json instanceof Map;
const isArray = (json: Json): json is readonly Json[] => Array.isArray(json);
const isNumber = (json: Json): json is Numeric =>
  typeof json === 'object' && json !== null && !isArray(json) && !isObject(json);

/** Keys of objects in jsonb's order: by length in bytes, then by bytes. */
function sortedKeys(json: ReadonlyMap<string, Json>): readonly string[] {
  return [...json.keys()].sort((a, b) => {
    const [left, right] = [Buffer.from(a), Buffer.from(b)];
    return left.length - right.length || Buffer.compare(left, right);
  });
}

/** As PostgreSQL prints jsonb. */
export function jsonText(json: Json): string {
  if (isNumber(json)) return numericText(json);
  if (isArray(json)) return `[${json.map(jsonText).join(', ')}]`;
  if (isObject(json)) {
    return `{${sortedKeys(json)
      .map((key) => `${quoted(key)}: ${jsonText(json.get(key)!)}`)
      .join(', ')}}`;
  }
  return typeof json === 'string' ? quoted(json) : String(json);
}

/** JSON.stringify escapes lone surrogates and control characters as PostgreSQL does; it also leaves other characters. */
const quoted = (text: string): string => JSON.stringify(text);

export function jsonTypeName(json: Json): string {
  if (json === null) return 'null';
  if (isNumber(json)) return 'number';
  if (isArray(json)) return 'array';
  return isObject(json) ? 'object' : typeof json;
}

export function jsonEquals(left: Json, right: Json): boolean {
  if (isNumber(left) || isNumber(right)) return isNumber(left) && isNumber(right) && compareNumeric(left, right) === 0;
  if (isArray(left) || isArray(right)) {
    return (
      isArray(left) &&
      isArray(right) &&
      left.length === right.length &&
      left.every((each, index) => jsonEquals(each, right[index]!))
    );
  }
  if (isObject(left) || isObject(right)) {
    return (
      isObject(left) &&
      isObject(right) &&
      left.size === right.size &&
      [...left].every(([key, value]) => right.has(key) && jsonEquals(value, right.get(key)!))
    );
  }
  return left === right;
}

/** The value of a key or of an index (negative: from the end); `undefined` when there is none. */
export function jsonGet(json: Json, step: string | number): Json | undefined {
  if (typeof step === 'string') return isObject(json) ? json.get(step) : undefined;
  if (isArray(json)) return json.at(step);
  // The server keeps a scalar as an array of one.
  return !isObject(json) && (step === 0 || step === -1) ? json : undefined;
}

/** Follows a path of texts, which in arrays are indexes. */
export function jsonPath(json: Json, path: readonly string[]): Json | undefined {
  let at: Json | undefined = json;
  for (const step of path) {
    if (at === undefined) return undefined;
    if (isArray(at)) at = /^[+-]?\d+$/.test(step) ? at.at(Number(step)) : undefined;
    else at = isObject(at) ? at.get(step) : undefined;
  }
  return at;
}

/** `->>`: texts without quotes, null as SQL's NULL. */
export const jsonAsText = (json: Json | undefined): string | null =>
  json === undefined || json === null ? null : typeof json === 'string' ? json : jsonText(json);

/** `@>`: everything of the right is in the left; an array also contains one of its scalars. */
export function jsonContains(left: Json, right: Json, isTop = true): boolean {
  if (isObject(right)) {
    return (
      isObject(left) && [...right].every(([key, value]) => left.has(key) && jsonContains(left.get(key)!, value, false))
    );
  }
  if (isArray(right)) {
    return isArray(left) && right.every((value) => left.some((each) => jsonContains(each, value, false)));
  }
  if (isArray(left)) return isTop && left.some((each) => !isArray(each) && !isObject(each) && jsonEquals(each, right));
  return !isObject(left) && jsonEquals(left, right);
}

/** `?`: a key of the object, or a text in the array, or the text itself. */
export function jsonHas(json: Json, key: string): boolean {
  if (isObject(json)) return json.has(key);
  return isArray(json) ? json.includes(key) : json === key;
}

/** `||`: objects are merged, everything else becomes one array. */
export function jsonConcat(left: Json, right: Json): Json {
  if (isObject(left) && isObject(right)) return new Map([...left, ...right]);
  const list = (json: Json): readonly Json[] => (isArray(json) ? json : [json]);
  return [...list(left), ...list(right)];
}
