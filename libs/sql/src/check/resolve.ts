import type { Signature } from '../functions/signature.ts';
import { castsImplicitly, categoryOf, isPreferred } from '../types/sql-type.ts';

/** What a call fits: one form, none, or several equally well. */
export type Resolution = Signature | 'none' | 'ambiguous';

const best = <T>(candidates: readonly T[], score: (candidate: T) => number): readonly T[] => {
  const most = Math.max(...candidates.map(score));
  return candidates.filter((candidate) => score(candidate) === most);
};

/** Chooses the form of a function or operator (PostgreSQL manual, "Operator Type Resolution" and "Function Type Resolution"). */
export function resolve(candidates: readonly Signature[], types: readonly string[], isOperator: boolean): Resolution {
  const ofArity = candidates.filter(({ args }) => args.length === types.length);
  const assumed = isOperator ? sameAsOther(types) : types;
  const exact = ofArity.find(({ args }) => args.every((arg, index) => arg === assumed[index]));
  if (exact !== undefined) return exact;
  let left: readonly Signature[] = ofArity.filter(({ args }) =>
    args.every((arg, index) => castsImplicitly(types[index]!, arg)),
  );
  if (left.length === 0) return 'none';
  left = best(left, ({ args }) => args.filter((arg, index) => arg === types[index]).length);
  left = best(
    left,
    ({ args }) => args.filter((arg, index) => arg === types[index] || isPreferredFor(arg, types[index]!)).length,
  );
  if (left.length > 1 && types.includes('unknown')) left = forUnknown(left, types);
  return left.length === 1 ? left[0]! : 'ambiguous';
}

const isPreferredFor = (arg: string, type: string): boolean =>
  type !== 'unknown' && isPreferred(arg) && categoryOf(arg) === categoryOf(type);

/** One literal beside a value of a known type is taken to be of that type. */
function sameAsOther(types: readonly string[]): readonly string[] {
  if (types.length !== 2) return types;
  const known = types.find((type) => type !== 'unknown');
  return known === undefined ? types : types.map((type) => (type === 'unknown' ? known : type));
}

/** A literal is a string where one of the forms takes a string, else of the category they all agree on; then the preferred type. */
function forUnknown(candidates: readonly Signature[], types: readonly string[]): readonly Signature[] {
  let left = candidates;
  types.forEach((type, index) => {
    if (type !== 'unknown') return;
    const categories = new Set(left.map(({ args }) => categoryOf(args[index]!)));
    const category = categories.has('string') ? 'string' : categories.size === 1 ? [...categories][0]! : undefined;
    if (category === undefined) return;
    left = left.filter(({ args }) => categoryOf(args[index]!) === category);
    const preferred = left.filter(({ args }) => isPreferred(args[index]!));
    if (preferred.length > 0) left = preferred;
  });
  if (left.length === 1) return left;
  const known = new Set(types.filter((type) => type !== 'unknown'));
  if (known.size !== 1) return left;
  const [only] = known;
  const same = left.filter(({ args }) => args.every((arg) => castsImplicitly(only!, arg)));
  return same.length === 1 ? same : left;
}

/** The type that branches, list elements and the like are brought to (manual, "UNION, CASE, and Related Constructs"); `undefined`: none. */
export function commonType(types: readonly string[]): string | undefined {
  const known = types.filter((type) => type !== 'unknown');
  if (known.length === 0) return 'text';
  let common = known[0]!;
  for (const type of known.slice(1)) {
    if (type === common) continue;
    if (categoryOf(type) !== categoryOf(common)) return undefined;
    if (!isPreferred(common) && castsImplicitly(common, type) && !castsImplicitly(type, common)) common = type;
  }
  return known.every((type) => castsImplicitly(type, common)) ? common : undefined;
}
