import { Pipeline, RegisteredSinks, RegisteredSources } from '@millrace/pipeline';

interface Ticket {
  readonly id: number;
  readonly priority: string;
}

interface Ranked {
  readonly id: number;
  readonly rank: number;
}

const RANKS = ['low', 'high'];

function ranked({ id, priority }: Ticket): Ranked {
  const rank = RANKS.indexOf(priority);
  if (rank < 0) throw new Error(`no priority: ${priority}`);
  return { id, rank };
}

// #region tickets
/** Gives tickets a rank; those with an unknown priority are set aside, and what the target refuses. */
export default (): Pipeline => {
  const p = Pipeline.create();
  p.readFrom(RegisteredSources.changes('shop', { tables: ['public.tickets'] }))
    .withNativeTimestamps(0)
    .map(({ after }): Ticket => ({ id: Number(after!['id']), priority: String(after!['priority'] as string) }))
    .map(ranked, { onError: { action: 'dead-letter', parkKeys: ({ id }) => id } })
    .setName('ranked')
    .writeTo(
      RegisteredSinks.rows('warehouse', {
        columns: { id: 'int8', rank: 'int8' },
        key: ['id'],
        options: { table: 'tickets', mode: 'upsert' },
        onError: 'dead-letter',
      }),
    )
    .setName('stored');
  return p;
};
// #endregion
