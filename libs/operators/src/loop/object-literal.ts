/** `__proto__` in an object literal would set the prototype; in brackets it is a name like any other. */
export const propertyName = (name: string): string => (name === '__proto__' ? '["__proto__"]' : JSON.stringify(name));

/** Makes objects with these keys, in this order, of as many values. A literal: an object put together key by key costs many times as much. */
export function objectMaker(names: readonly string[]): (values: readonly unknown[]) => Record<string, unknown> {
  const fields = names.map((name, index) => `${propertyName(name)}: values[${index}]`);
  // oxlint-disable-next-line typescript/no-implied-eval -- property names are JSON strings, all else is written here
  return new Function('values', `"use strict"; return { ${fields.join(', ')} };`) as never;
}
