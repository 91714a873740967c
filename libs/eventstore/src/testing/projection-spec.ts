import { deepStrictEqual } from 'node:assert/strict';
import { categoryOf, type DomainEvent, type StoredEvent } from '../events/event.ts';
import { isWanted } from '../projections/inline.ts';
import type { Projection, ProjectionContext } from '../projections/projection.ts';
import { createTables, dropTables, tableName } from '../projections/tables.ts';
import type { Executor, ExecutorPool } from '../store/executor.ts';

/** Build numbers no real build has: tables of specs are made and dropped. */
const BUILD_MIN = 900_000_000;
const BUILD_RANGE = 90_000_000;

/** Events of a stream, in their order. */
export interface GivenStream {
  readonly streamId: string;
  readonly events: readonly DomainEvent[];
}

/** What is in a projection's tables. */
export interface ProjectionOutcome {
  /** Exactly these rows, in any order. Columns of bigint and numeric are strings, as `pg` gives them. */
  thenRows(table: string, rows: readonly object[]): Promise<void>;
}

/**
 * Tests of a projection: `projectionSpec(carts, pool).given(…).thenRows('cart_summary', […])`. The events are applied in four ways, which must
 * lead to the same rows: all in one transaction; one in each; in each a crash before its commit and then again; and all of them, a crash,
 * and again. The n-th event is recorded n seconds into 2026 (UTC). A handler that keeps something outside of its tables, or that counts on where a batch begins, shows.
 */
export function projectionSpec(
  projection: Projection,
  pool: ExecutorPool,
): { given(...streams: readonly GivenStream[]): ProjectionOutcome } {
  return {
    given: (...streams) => ({
      async thenRows(table, expected) {
        const events = storedEvents(streams).filter((event) => isWanted(projection, event));
        for (const [name, way] of Object.entries(WAYS)) {
          const rows = await rowsAfter(projection, pool, table, (apply) => way(apply, events));
          deepStrictEqual(rows, normal(expected), `rows of "${table}", events applied ${name}`);
        }
      },
    }),
  };
}

/** Applies events in one transaction, which is rolled back when `crashes`. */
type Apply = (events: readonly StoredEvent[], crashes?: boolean) => Promise<void>;
type Way = (apply: Apply, events: readonly StoredEvent[]) => Promise<void>;

const WAYS: Readonly<Record<string, Way>> = {
  'all at once': (apply, events) => apply(events),
  async 'one by one'(apply, events) {
    for (const event of events) await apply([event]);
  },
  async 'one by one, each after a crash'(apply, events) {
    for (const event of events) {
      await apply([event], true);
      await apply([event]);
    }
  },
  async 'all at once after a crash'(apply, events) {
    await apply(events, true);
    await apply(events);
  },
};

async function rowsAfter(
  projection: Projection,
  pool: ExecutorPool,
  table: string,
  run: (apply: Apply) => Promise<void>,
): Promise<readonly object[]> {
  const client = await pool.connect();
  const build = BUILD_MIN + Math.floor(Math.random() * BUILD_RANGE);
  let made: readonly string[] = [];
  try {
    made = await createTables(client, projection, build);
    const context: ProjectionContext = { tx: client, table: (name) => tableName(projection, build, name) };
    await run((events, crashes = false) => inOne(client, crashes, () => projection.apply(events, context)));
    const { rows } = await client.query(`SELECT * FROM ${tableName(projection, build, table)}`);
    return normal(rows);
  } finally {
    await dropTables(client, made);
    client.release();
  }
}

async function inOne(tx: Executor, crashes: boolean, work: () => Promise<void>): Promise<void> {
  await tx.query('BEGIN');
  try {
    await work();
  } catch (error) {
    await tx.query('ROLLBACK');
    throw error;
  }
  await tx.query(crashes ? 'ROLLBACK' : 'COMMIT');
}

/** Rows as plain objects, in an order of their own, however their columns are ordered. */
const normal = (rows: readonly object[]): readonly object[] =>
  rows
    .map((row) => Object.fromEntries(Object.entries(row).toSorted(([a], [b]) => (a < b ? -1 : 1))))
    .toSorted((a, b) => (JSON.stringify(a, bigints) < JSON.stringify(b, bigints) ? -1 : 1));

const bigints = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}` : value);

/** Interleaved as the streams are given: positions count on through all of them. */
function storedEvents(streams: readonly GivenStream[]): readonly StoredEvent[] {
  let position = 0;
  return streams.flatMap(({ streamId, events }) =>
    events.map((event, index) => {
      position += 1;
      return {
        ...event,
        id: `${categoryOf(streamId)}-spec-${position}`,
        streamId,
        version: index + 1,
        position,
        metadata: {},
        recordedAt: new Date(Date.UTC(2026, 0, 1) + position * 1_000),
      };
    }),
  );
}
