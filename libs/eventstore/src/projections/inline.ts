import { MillraceError } from '@millrace/kernel';
import { NoTransaction } from '../errors.ts';
import { categoryOf, type StoredEvent } from '../events/event.ts';
import type { Executor } from '../store/executor.ts';
import type { Projection, ProjectionContext } from './projection.ts';
import { viewName } from './tables.ts';

const NO_TRANSACTION = '25P01';

/** @throws MillraceError `eventstore.no_transaction`: outside of one, an append and its projections could come apart. */
export async function requireTransaction(executor: Executor): Promise<void> {
  try {
    await executor.query('SAVEPOINT eventstore_inline');
    await executor.query('RELEASE SAVEPOINT eventstore_inline');
  } catch (error) {
    if ((error as { code?: string }).code !== NO_TRANSACTION) throw error;
    throw new MillraceError(
      NoTransaction,
      {
        message: 'a store with inline projections appends in a transaction, and this client is in none',
        mend: 'Pass a client after BEGIN, or the pool: then the store makes the transaction itself.',
      },
      { cause: error },
    );
  }
}

/** What inline handlers write to: the views, which always lead to the newest tables. */
const contextOf = (tx: Executor, projection: Projection): ProjectionContext => ({
  tx,
  table: (name) => viewName(projection, name),
});

/** Gives events that were just appended to the projections that want them, in the same transaction. */
export async function applyInline(
  tx: Executor,
  projections: readonly Projection[],
  events: readonly StoredEvent[],
): Promise<void> {
  for (const projection of projections) {
    const wanted = events.filter((event) => isWanted(projection, event));
    if (wanted.length > 0) await projection.apply(wanted, contextOf(tx, projection));
  }
}

/** Whether a projection reads this event. */
export function isWanted(
  { categories, eventTypes }: Pick<Projection, 'categories' | 'eventTypes'>,
  { type, streamId }: Pick<StoredEvent, 'type' | 'streamId'>,
): boolean {
  if (!eventTypes.includes(type)) return false;
  return categories === undefined || categories.includes(categoryOf(streamId));
}
