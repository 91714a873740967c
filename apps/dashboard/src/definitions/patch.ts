import { given, isMasked, type OptionSchema, type Options } from './schema.ts';

const isObject = (value: unknown): value is Options =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Secrets that are stored and that nobody gets to see: left blank, they are kept. */
export const keptSecrets = (config: Options): ReadonlySet<string> =>
  new Set(Object.entries(config).flatMap(([name, value]) => (isMasked(value) ? [name] : [])));

/** The options as a form shows them. */
export const formOf = (config: Options): Options =>
  Object.fromEntries(Object.entries(config).filter(([, value]) => !isMasked(value)));

/**
 * A merge patch that makes what is stored what the form says: `null` for what was emptied, nothing for what is the same and for a stored secret
 * that was left blank.
 */
export function patchOf(stored: Options, form: Options): Options {
  const wanted = given(form);
  const patch: Record<string, unknown> = {};
  for (const name of new Set([...Object.keys(stored), ...Object.keys(wanted)])) {
    const [before, after] = [stored[name], wanted[name]];
    if (isSame(before, after) || (after === undefined && isMasked(before))) continue;
    patch[name] = isObject(before) && isObject(after) ? patchOf(before, after) : (after ?? null);
  }
  return patch;
}

export interface Change {
  readonly name: string;
  readonly before: string;
  readonly now: string;
}

const words = (value: unknown): string =>
  value === undefined || value === null ? 'not given' : typeof value === 'string' ? value : JSON.stringify(value);

/** What a patch does, in words; no secret is among them. */
export const changesOf = (stored: Options, patch: Options, schema: OptionSchema): readonly Change[] =>
  Object.entries(patch).map(([name, value]) =>
    schema.properties?.[name]?.['x-millrace-secret'] === true
      ? { name, before: stored[name] === undefined ? 'not given' : 'the one before', now: 'the one typed' }
      : {
          name,
          before: words(stored[name]),
          now: words(isObject(value) ? { ...(stored[name] as Options), ...value } : value),
        },
  );
