import { isObject } from './check-config.ts';

/** One field that differs. `undefined`: it is absent. */
export interface FieldChange {
  /** Names from the outside in, with dots: `config.host`. */
  readonly field: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** Every field in which two documents differ, objects field by field and lists as a whole; in the order of the names. */
export function fieldChanges(before: unknown, after: unknown, field = ''): readonly FieldChange[] {
  if (isObject(before) && isObject(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return names.flatMap((name) => fieldChanges(before[name], after[name], field === '' ? name : `${field}.${name}`));
  }
  return canonical(before) === canonical(after) ? [] : [{ field, before, after }];
}

/** The same text for values that are the same in JSON, in whatever order their fields are. */
export const canonical = (value: unknown): string | undefined =>
  JSON.stringify(value, (_, inner: unknown) =>
    isObject(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );
