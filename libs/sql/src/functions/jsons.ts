import { InvalidParameter, sqlError } from '../errors.ts';
import {
  type Json,
  type Jsonb,
  jsonAsText,
  jsonConcat,
  jsonContains,
  jsonEquals,
  jsonGet,
  jsonHas,
  jsonPath,
  jsonTypeName,
} from '../values/json.ts';
import { fn, type Signature } from './signature.ts';

const wrap = (json: Json | undefined): Jsonb | null => (json === undefined ? null : { json });

/** A path as the text of an array: `{a,0,b}`. */
function pathOf(text: string): readonly string[] {
  const inner = /^\{(.*)\}$/s.exec(text)?.[1];
  if (inner === undefined) throw sqlError(InvalidParameter, `malformed array literal: "${text}"`);
  return inner.trim() === '' ? [] : inner.split(',').map((step) => step.trim().replace(/^"(.*)"$/s, '$1'));
}

function remove(json: Json, key: string | number): Json {
  if (Array.isArray(json)) {
    if (typeof key === 'string') return json.filter((each) => each !== key);
    const at = key < 0 ? json.length + key : key;
    return (json as readonly Json[]).filter((_, index) => index !== at);
  }
  if (json instanceof Map) {
    if (typeof key === 'number') throw sqlError(InvalidParameter, 'cannot delete from object using integer index');
    return new Map([...json].filter(([name]) => name !== key));
  }
  throw sqlError(InvalidParameter, 'cannot delete from scalar');
}

function arrayLength({ json }: Jsonb): number {
  if (Array.isArray(json)) return json.length;
  throw sqlError(
    InvalidParameter,
    json instanceof Map ? 'cannot get array length of a non-array' : 'cannot get array length of a scalar',
  );
}

export const jsonFunctions: readonly Signature[] = [
  fn('->', 'jsonb text', 'jsonb', ({ json }: Jsonb, key: string) => wrap(jsonGet(json, key))),
  fn('->', 'jsonb int4', 'jsonb', ({ json }: Jsonb, index: number) => wrap(jsonGet(json, index))),
  fn('->>', 'jsonb text', 'text', ({ json }: Jsonb, key: string) => jsonAsText(jsonGet(json, key))),
  fn('->>', 'jsonb int4', 'text', ({ json }: Jsonb, index: number) => jsonAsText(jsonGet(json, index))),
  fn('#>', 'jsonb text', 'jsonb', ({ json }: Jsonb, path: string) => wrap(jsonPath(json, pathOf(path)))),
  fn('#>>', 'jsonb text', 'text', ({ json }: Jsonb, path: string) => jsonAsText(jsonPath(json, pathOf(path)))),
  fn('@>', 'jsonb jsonb', 'boolean', (left: Jsonb, right: Jsonb) => jsonContains(left.json, right.json)),
  fn('<@', 'jsonb jsonb', 'boolean', (left: Jsonb, right: Jsonb) => jsonContains(right.json, left.json)),
  fn('?', 'jsonb text', 'boolean', ({ json }: Jsonb, key: string) => jsonHas(json, key)),
  fn('||', 'jsonb jsonb', 'jsonb', (left: Jsonb, right: Jsonb) => ({ json: jsonConcat(left.json, right.json) })),
  fn('-', 'jsonb text', 'jsonb', ({ json }: Jsonb, key: string) => ({ json: remove(json, key) })),
  fn('-', 'jsonb int4', 'jsonb', ({ json }: Jsonb, index: number) => ({ json: remove(json, index) })),
  fn('=', 'jsonb jsonb', 'boolean', (left: Jsonb, right: Jsonb) => jsonEquals(left.json, right.json)),
  fn('<>', 'jsonb jsonb', 'boolean', (left: Jsonb, right: Jsonb) => !jsonEquals(left.json, right.json)),
  fn('jsonb_typeof', 'jsonb', 'text', ({ json }: Jsonb) => jsonTypeName(json)),
  fn('jsonb_array_length', 'jsonb', 'int4', arrayLength),
];
