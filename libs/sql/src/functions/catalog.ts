import { comparisonFunctions } from './comparisons.ts';
import { jsonFunctions } from './jsons.ts';
import { numberFunctions } from './numbers.ts';
import { fn, type Signature } from './signature.ts';
import { textFunctions } from './texts.ts';
import { timeFunctions } from './times.ts';

/** Mixed floats give a float8, as with PostgreSQL's own operators for them. */
const mixedFloats: readonly Signature[] = numberFunctions
  .concat(comparisonFunctions)
  .filter(({ args }) => args.join(' ') === 'float8 float8')
  .filter(({ name }) => /^[-+*/<>=]+$/.test(name))
  .flatMap(({ name, result, run }) => [fn(name, 'float4 float8', result, run), fn(name, 'float8 float4', result, run)]);

const all = [
  ...numberFunctions,
  ...textFunctions,
  ...timeFunctions,
  ...jsonFunctions,
  ...comparisonFunctions,
  ...mixedFloats,
];

const byName = new Map<string, Signature[]>();
for (const signature of all) byName.set(signature.name, [...(byName.get(signature.name) ?? []), signature]);

export const signaturesOf = (name: string): readonly Signature[] => byName.get(name) ?? [];

/** Names of functions (not of operators). */
export const functionNames = (): readonly string[] => [...byName.keys()].filter((name) => /^[a-z]/.test(name));

/** PostgreSQL computes these exactly for numeric, which is not done here: the argument has to be cast to float8. */
export const FLOAT_ONLY = new Set(['sqrt', 'power', 'pow', '^', 'exp', 'ln', 'log', 'log10', 'width_bucket']);

/** Their value is another for each call or session, so a job would not give the same again. */
export const VOLATILE: Readonly<Record<string, string>> = {
  now: 'event.time',
  clock_timestamp: 'event.time',
  statement_timestamp: 'event.time',
  transaction_timestamp: 'event.time',
  timeofday: 'event.time',
  random: 'a column of the row',
  gen_random_uuid: 'a column of the row',
  uuidv4: 'a column of the row',
  uuidv7: 'a column of the row',
  nextval: 'a column of the row',
};
