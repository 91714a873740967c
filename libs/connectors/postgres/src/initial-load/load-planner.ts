import { type Lsn, parseLsn } from '@millrace/formats';
import type { Client } from 'pg';
import { boundaryQuery, markColumns } from './load-sql.ts';
import type { LoadTable } from './load-table.ts';
import type { ReadMark } from './load-unit.ts';
import { endOfRecords, readMark } from './read-mark.ts';

/** Ranges of a table whose ends are known before they are read. */
const PLAN_AHEAD_RANGES = 4;

/** Finds the ends of ranges ahead of their reading. */
export class LoadPlanner {
  readonly #session: Client;
  readonly #serverVersion: number;

  constructor(session: Client, serverVersion: number) {
    this.#session = session;
    this.#serverVersion = serverVersion;
  }

  /** Looks for the next boundary of the first table that wants one; `false` when none does. */
  async plan(tables: Iterable<LoadTable>): Promise<boolean> {
    for (const { catalog, chunkRows, reconciler } of tables) {
      const wanted = reconciler.planFrom(PLAN_AHEAD_RANGES);
      if (wanted === undefined) continue;
      reconciler.planned(await this.#boundary(boundaryQuery(catalog, wanted.from, chunkRows)));
      return true;
    }
    return false;
  }

  async #boundary(query: string): Promise<readonly string[] | undefined> {
    try {
      const { rows } = await this.#session.query<string[]>({ text: query, rowMode: 'array' });
      return rows[0];
    } catch (error) {
      // A table or column that is gone is for the reader to find: it has a lock and a snapshot to tell what happened.
      if (/^42(P01|703)$/.test((error as { code?: string }).code ?? '')) return undefined;
      throw error;
    }
  }

  /** A fresh snapshot, to learn which transactions need not be remembered any more. */
  async mark(): Promise<ReadMark> {
    const { rows } = await this.#session.query<{ snapshot: string; position: string }>(
      `SELECT ${markColumns(this.#serverVersion)}`,
    );
    return readMark(rows[0]!);
  }

  /** Where the WAL ends now. */
  async position(): Promise<Lsn> {
    const { rows } = await this.#session.query<{ position: string }>(
      'SELECT pg_current_wal_insert_lsn()::text AS position',
    );
    return endOfRecords(parseLsn(rows[0]!.position));
  }
}
