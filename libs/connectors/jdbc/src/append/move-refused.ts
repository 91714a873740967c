import { MillraceError } from '@millrace/kernel';
import { MoveRefused } from '../errors.ts';
import type { Refusal } from '../upsert/refusal.ts';
import type { WaitingTable } from './append-plan.ts';

/** The first row of those waiting that the target does not take. */
export interface MoveCulprit {
  readonly key: Readonly<Record<string, unknown>>;
  readonly refusal: Refusal;
}

export function moveRefused(
  { target, waiting, key: names }: WaitingTable,
  { key, refusal }: MoveCulprit,
): MillraceError {
  const values = Object.fromEntries(Object.entries(key).map(([name, value]) => [name, String(value)]));
  const row = names.length === 0 ? 'a row' : `the row ${JSON.stringify(values)}`;
  return new MillraceError(
    MoveRefused,
    {
      message: `${target} refuses ${row} that waits in ${waiting}: ${refusal.message}`,
      mend: `Loosen the constraint of ${target} (appended changes of one row have the same key), or repair the row in ${waiting}, then resume the job: it moves all that wait first.`,
      details: { table: target, waiting, key: names.length === 0 ? {} : values },
    },
    { cause: refusal.cause ?? refusal },
  );
}
