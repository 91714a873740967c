/** What JSON has no form for, under a name that says what it is: `{ "$bigint": "12" }`. */
type Tagged = readonly [tag: string, value: unknown];

function tagOf(value: unknown): Tagged | undefined {
  switch (typeof value) {
    case 'bigint':
      return ['$bigint', String(value)];
    case 'undefined':
      return ['$undefined', true];
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
        ? undefined
        : ['$number', Object.is(value, -0) ? '-0' : String(value)];
    case 'object':
      if (value instanceof Date) return ['$date', Number.isNaN(value.getTime()) ? null : value.toISOString()];
      if (value instanceof Map) return ['$map', [...value].map(plain)];
      if (value instanceof Set) return ['$set', [...value].map(plain)];
      if (value instanceof Uint8Array) return ['$bytes', Buffer.from(value).toString('base64')];
      // A property that looks like a tag is data all the same.
      if (value !== null && Object.keys(value).length === 1 && Object.keys(value)[0]!.startsWith('$'))
        return ['$object', Object.entries(value).map(plain)];
      return undefined;
    default:
      return undefined;
  }
}

function plain(value: unknown): unknown {
  const tagged = tagOf(value);
  if (tagged !== undefined) return { [tagged[0]]: tagged[1] };
  if (typeof value === 'function' || typeof value === 'symbol')
    throw new TypeError(`a ${typeof value} cannot be kept as text`);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]));
}

const DECODED: Readonly<Record<string, (value: never) => unknown>> = {
  $bigint: (value: string) => BigInt(value),
  $undefined: () => undefined,
  $number: (value: string) => Number(value),
  $date: (value: string | null) => new Date(value ?? Number.NaN),
  $map: (value: readonly (readonly [unknown, unknown])[]) =>
    new Map(value.map(([key, each]) => [decoded(key), decoded(each)])),
  $set: (value: readonly unknown[]) => new Set(value.map(decoded)),
  $bytes: (value: string) => new Uint8Array(Buffer.from(value, 'base64')),
  $object: (value: readonly (readonly [string, unknown])[]) =>
    Object.fromEntries(value.map(([name, each]) => [name, decoded(each)])),
};

function decoded(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(decoded);
  const entries = Object.entries(value);
  const [first] = entries;
  const decode = entries.length === 1 && Object.hasOwn(DECODED, first![0]) ? DECODED[first![0]] : undefined;
  if (decode !== undefined) return decode(first![1] as never);
  return Object.fromEntries(entries.map(([name, each]) => [name, decoded(each)]));
}

/** A row as JSON that a person can read and edit. @throws TypeError of a function, a symbol; RangeError of a circle */
export const rowText = (row: unknown): string => JSON.stringify(plain(row));

/** @throws Error when it is not such a text */
export const rowOfText = (text: string): unknown => decoded(JSON.parse(text));
