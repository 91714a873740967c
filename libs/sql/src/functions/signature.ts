import type { SqlValue } from '../values/value.ts';

// biome-ignore lint/suspicious/noExplicitAny: the argument types are those that the signature names
export type Implementation = (...args: any[]) => SqlValue;

/** One form of a function or operator. */
export interface Signature {
  readonly name: string;
  /** Internal names of types. `any` takes every type as it is; the last one may be `...any`. */
  readonly args: readonly string[];
  readonly result: string;
  /** Gets no NULL, unless `isStrict` is false. */
  readonly run: Implementation;
  readonly isStrict: boolean;
  /** Gets the argument types too, first. */
  readonly wantsTypes: boolean;
}

const parse = (text: string): readonly string[] => text.split(/\s+/).filter((word) => word !== '');

/** `fn('left', 'text int4', 'text', (text, count) => …)`. NULL in, NULL out. */
export const fn = (name: string, args: string, result: string, run: Implementation): Signature => ({
  name,
  args: parse(args),
  result,
  run,
  isStrict: true,
  wantsTypes: false,
});

/** The same for each of these types in place of `T`; `run` may differ by type. */
export const each = (
  names: string,
  types: string,
  args: string,
  result: string,
  run: (type: string) => Implementation,
): readonly Signature[] =>
  parse(names).flatMap((name) =>
    parse(types).map((type) => fn(name, args.replaceAll('T', type), result.replaceAll('T', type), run(type))),
  );
