import type { DeadLetterState, LetterImage, LetterKey } from './dead-letter.ts';

/** Which letters of a job; what is absent does not matter. */
export interface DeadLetterFilter {
  readonly state?: DeadLetterState | undefined;
  /** Error code. */
  readonly reason?: string | undefined;
  readonly stage?: string | undefined;
  /** Table of the source, `schema.table`. */
  readonly table?: string | undefined;
  /** Key columns, or some of them, as texts. */
  readonly key?: LetterImage | undefined;
}

/** Letters by name, or by what they are like. */
export type LetterSelection = { readonly ids: readonly LetterKey[] } | { readonly filter: DeadLetterFilter };

/** Values of one statement; `$n` for each. */
export class Parameters {
  readonly values: unknown[] = [];

  add(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }
}

/** The condition on `letter` in SQL. */
export function filterSql({ state, reason, stage, table, key }: DeadLetterFilter, parameters: Parameters): string {
  const conditions: string[] = [];
  if (state !== undefined) conditions.push(`letter.state = ${parameters.add(state)}`);
  if (reason !== undefined) conditions.push(`letter.reason = ${parameters.add(reason)}`);
  if (stage !== undefined) conditions.push(`letter.stage = ${parameters.add(stage)}`);
  if (table !== undefined) conditions.push(`letter.table_id = ${parameters.add(table)}`);
  if (key !== undefined) conditions.push(`letter.row_key::jsonb @> ${parameters.add(JSON.stringify(key))}::jsonb`);
  return conditions.length === 0 ? 'true' : conditions.join(' AND ');
}

/** Pairs of stage and number, to be tested with `IN`. */
export const lettersSql = (letters: readonly LetterKey[], parameters: Parameters): string =>
  `(SELECT * FROM unnest(${parameters.add(letters.map(({ stage }) => stage))}::text[], ${parameters.add(letters.map(({ number }) => number))}::bigint[]))`;

export const selectionSql = (selection: LetterSelection, parameters: Parameters): string =>
  'ids' in selection
    ? `(letter.stage, letter.number) IN ${lettersSql(selection.ids, parameters)}`
    : filterSql(selection.filter, parameters);
