import { formatLsn, Op } from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import { RowRefused } from '../errors.ts';
import type { EventList } from './event-list.ts';
import { Refusal } from './refusal.ts';
import { RowReader } from './row-reader.ts';
import type { PlanColumn, TablePlan } from './table-plan.ts';

/** The failure of a job by one event: table, key, place in the source and the database's words. */
export function rowRefused(
  events: EventList,
  event: number,
  plan: TablePlan,
  key: readonly PlanColumn[],
  refusal: Refusal,
): MillraceError {
  const values = keyOf(events, event, plan, key);
  const position = events.position(event);
  const at =
    position === undefined ? 'read by the initial load' : `at ${formatLsn(position.commitLsn)} index ${position.index}`;
  return new MillraceError(
    RowRefused,
    {
      message: `${plan.target} refuses the row ${JSON.stringify(values)} of ${plan.source.id} (${at}): ${refusal.message}`,
      mend: 'Repair the row at the source or the table at the target, then resume the job: it goes on with this row.',
      details: {
        table: plan.target,
        source: plan.source.id,
        key: values,
        commitLsn: position === undefined ? null : formatLsn(position.commitLsn),
        index: position?.index ?? null,
      },
    },
    { cause: refusal.cause ?? refusal },
  );
}

function keyOf(
  events: EventList,
  event: number,
  plan: TablePlan,
  key: readonly PlanColumn[],
): Readonly<Record<string, string | null>> {
  const reader = new RowReader(events);
  const old = events.op(event) === Op.Delete;
  return Object.fromEntries(
    key.map((column) => {
      try {
        return [column.name, Buffer.from(reader.keyText(event, plan, column, old), 'latin1').toString('utf8')];
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        return [column.name, null];
      }
    }),
  );
}
