/** Characters of one text that are shown. */
const TEXT_MAX = 2_000;
/** Members of an object or array that are shown. */
const MEMBERS_MAX = 200;
const DEPTH_MAX = 6;

/** A value as JSON can have it, cut where it is long: for people to look at, not to be read back. */
export function jsonValue(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return value.length > TEXT_MAX ? `${value.slice(0, TEXT_MAX)}…` : value;
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value !== 'object' || value === null) return value ?? null;
  if (value instanceof Date) return value.toISOString();
  if (ArrayBuffer.isView(value)) return `(${value.byteLength} bytes)`;
  if (depth === DEPTH_MAX) return '…';
  if (Array.isArray(value)) return value.slice(0, MEMBERS_MAX).map((each) => jsonValue(each, depth + 1));
  const entries = value instanceof Map ? [...value.entries()] : Object.entries(value);
  return Object.fromEntries(
    entries.slice(0, MEMBERS_MAX).map(([name, inner]) => [String(name), jsonValue(inner, depth + 1)]),
  );
}
