import { MillraceError } from '@millrace/kernel';
import { MoveRefused } from '../errors.ts';
import type { Refusal } from '../upsert/refusal.ts';
import type { WaitingTable } from './append-plan.ts';

export const moveRefused = ({ target, waiting }: WaitingTable, refusal: Refusal): MillraceError =>
  new MillraceError(
    MoveRefused,
    {
      message: `${target} refuses rows that wait in ${waiting}: ${refusal.message}`,
      mend: `Loosen the constraint of ${target} (appended changes of one row have the same key), or repair the rows in ${waiting}, then resume the job: it moves them first.`,
      details: { table: target, waiting },
    },
    { cause: refusal.cause ?? refusal },
  );
