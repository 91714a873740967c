import { InvalidParameter, sqlError } from '../errors.ts';
import type { SqlType } from '../types/sql-type.ts';
import { type Json, type Jsonb, jsonAsText, jsonPath, parseJson } from '../values/json.ts';
import { type Numeric, numericOf, parseNumeric } from '../values/numeric.ts';
import { encodeText, type SqlValue } from '../values/value.ts';
import type { Compiler } from './compiler.ts';
import { TEXT, type Typed } from './typed.ts';

/** Functions of any number of arguments or of any type; `undefined`: not one of these. */
export function compileSpecial(
  compiler: Compiler,
  name: string,
  args: readonly Typed[],
  location: number | undefined,
): Typed | undefined {
  const plain = args.map((arg) => (arg.literal === undefined ? arg : compiler.as(arg, TEXT, 'implicit')));
  const text = (arg: Typed) => (read: Parameters<Typed['evaluate']>[0]) => encodeText(arg.type, arg.evaluate(read));
  const of = (type: SqlType, evaluate: Typed['evaluate']): Typed => ({ type, evaluate, location });
  switch (name) {
    case 'concat': {
      const parts = plain.map(text);
      return of(TEXT, (read) => parts.map((part) => part(read) ?? '').join(''));
    }
    case 'concat_ws': {
      const [separator, ...parts] = plain.map(text);
      if (separator === undefined) return undefined;
      return of(TEXT, (read) => {
        const between = separator(read);
        const values = parts.map((part) => part(read)).filter((value) => value !== null);
        return between === null ? null : values.join(between);
      });
    }
    case 'to_jsonb': {
      const [only] = plain;
      if (plain.length !== 1) return undefined;
      return of(JSONB, (read) => {
        const value = only!.evaluate(read);
        return value === null ? null : { json: toJson(value, only!.type) };
      });
    }
    case 'jsonb_build_array':
      return of(JSONB, (read) => ({ json: plain.map((arg) => toJson(arg.evaluate(read), arg.type)) }));
    case 'jsonb_build_object':
      return plain.length % 2 === 0 ? of(JSONB, (read) => ({ json: object(plain, read) })) : undefined;
    case 'jsonb_extract_path':
    case 'jsonb_extract_path_text': {
      const [from, ...steps] = args;
      if (from === undefined || steps.length === 0) return undefined;
      const json = compiler.as(from, JSONB, 'implicit');
      const path = steps.map((step) => compiler.as(step, TEXT, 'implicit'));
      const isText = name.endsWith('text');
      return of(isText ? TEXT : JSONB, (read) => {
        const value = json.evaluate(read) as Jsonb | null;
        const found = path.map((step) => step.evaluate(read) as string | null);
        if (value === null || found.includes(null)) return null;
        const at = jsonPath(value.json, found as readonly string[]);
        return isText ? jsonAsText(at) : at === undefined ? null : { json: at };
      });
    }
    default:
      return undefined;
  }
}

const JSONB: SqlType = { name: 'jsonb' };

function object(args: readonly Typed[], read: Parameters<Typed['evaluate']>[0]): Json {
  const entries: [string, Json][] = [];
  for (let index = 0; index < args.length; index += 2) {
    const key = encodeText(args[index]!.type, args[index]!.evaluate(read));
    if (key === null) throw sqlError(InvalidParameter, `argument ${index + 1}: key must not be null`);
    const value = args[index + 1]!;
    entries.push([key, toJson(value.evaluate(read), value.type)]);
  }
  return new Map(entries);
}

/** Numbers and booleans stay what they are; all else is told as text, timestamps in ISO 8601. */
function toJson(value: SqlValue, type: SqlType): Json {
  if (value === null) return null;
  switch (type.name) {
    case 'boolean':
      return value as boolean;
    case 'int2':
    case 'int4':
    case 'int8':
      return numericOf(value as number | bigint);
    case 'numeric':
      return (value as Numeric).scale < 0 ? encodeText(type, value)! : (value as Numeric);
    case 'float4':
    case 'float8':
      return Number.isFinite(value) ? parseNumeric(encodeText(type, value)!) : encodeText(type, value)!;
    case 'jsonb':
      return (value as Jsonb).json;
    case 'json':
      return parseJson(value as string).json;
    case 'timestamp':
      return encodeText(type, value)!.replace(' ', 'T');
    case 'timestamptz':
      return encodeText(type, value)!.replace(' ', 'T').replace(/\+00$/, '+00:00');
    default:
      return encodeText(type, value)!;
  }
}
