import type { DomainEvent, StoredEvent } from '../events/event.ts';
import { EVENT_COLUMNS, type EventRow, storedEvent } from '../events/event-row.ts';
import type { EventTypes } from '../events/event-types.ts';
import { quoteName } from '../schema/names.ts';
import type { Executor } from './executor.ts';

/** Events fetched at once. What is iterated over is never wholly in memory. */
const PAGE_EVENTS = 500;

export interface ReadStreamOptions {
  /** `forward` from the first event, or `backward` from the last. Default `forward`. */
  readonly direction?: 'forward' | 'backward' | undefined;
  /** Version of the first event to read; default: the first, or the last when reading backward. */
  readonly from?: number | undefined;
  /** How many at most; default: all. */
  readonly limit?: number | undefined;
}

export interface ReadAllOptions {
  /** Only streams of these categories. */
  readonly categories?: readonly string[] | undefined;
  /** Only events of these types. */
  readonly types?: readonly string[] | undefined;
  readonly limit?: number | undefined;
}

export interface ReadFrom {
  readonly executor: Executor;
  readonly schema: string;
  readonly types: EventTypes | undefined;
}

/** One stream's events, in their order or the other way round. */
export async function* readStream<Event extends DomainEvent>(
  { executor, schema, types }: ReadFrom,
  streamId: string,
  options: ReadStreamOptions,
): AsyncGenerator<StoredEvent<Event>> {
  const isForward = options.direction !== 'backward';
  const sql = `SELECT ${EVENT_COLUMNS} FROM ${quoteName(schema)}.events e
    WHERE e.stream_id = $1 AND e.version ${isForward ? '>=' : '<='} $2 ORDER BY e.version ${isForward ? '' : 'DESC'} LIMIT $3`;
  let from = options.from ?? (isForward ? 1 : Number.MAX_SAFE_INTEGER);
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  while (left > 0) {
    const wanted = Math.min(left, PAGE_EVENTS);
    const { rows } = await executor.query(sql, [streamId, from, wanted]);
    for (const row of rows as EventRow[]) yield storedEvent(row, types) as StoredEvent<Event>;
    if (rows.length < wanted) return;
    left -= rows.length;
    from = Number((rows.at(-1) as EventRow).version) + (isForward ? 1 : -1);
  }
}

/** Which events: of a snapshot, behind a position, by category and type. */
export interface HistoryQuery {
  /** `pg_snapshot` as text: what it sees is a set of events that never changes, however long reading takes. */
  readonly snapshot: string;
  readonly afterPosition: number;
  readonly categories?: readonly string[] | undefined;
  readonly types?: readonly string[] | undefined;
  readonly limit: number;
}

/** A page of what a snapshot sees, by position. */
export async function readHistory(
  executor: Executor,
  schema: string,
  { snapshot, afterPosition, categories, types, limit }: HistoryQuery,
): Promise<readonly EventRow[]> {
  const params: unknown[] = [snapshot, afterPosition, limit];
  const among = (column: string, values: readonly string[] | undefined): string =>
    values === undefined ? '' : ` AND e.${column} = ANY ($${params.push(values)})`;
  const filter = among('category', categories) + among('type', types);
  const sql = `SELECT ${EVENT_COLUMNS} FROM ${quoteName(schema)}.events e
    WHERE e.position > $2 AND pg_visible_in_snapshot(e.transaction_id, $1::pg_snapshot)${filter}
    ORDER BY e.position LIMIT $3`;
  return (await executor.query(sql, params)).rows as readonly EventRow[];
}

/** All events that were committed when reading began, by position. */
export async function* readAll<Event extends DomainEvent>(
  { executor, schema, types }: ReadFrom,
  options: ReadAllOptions,
): AsyncGenerator<StoredEvent<Event>> {
  const { rows } = await executor.query('SELECT pg_current_snapshot()::text AS snapshot');
  const { snapshot } = rows[0] as { snapshot: string };
  let afterPosition = 0;
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  while (left > 0) {
    const limit = Math.min(left, PAGE_EVENTS);
    const page = await readHistory(executor, schema, {
      snapshot,
      afterPosition,
      categories: options.categories,
      types: options.types,
      limit,
    });
    for (const row of page) yield storedEvent(row, types) as StoredEvent<Event>;
    if (page.length < limit) return;
    left -= page.length;
    afterPosition = Number(page.at(-1)!.position);
  }
}
