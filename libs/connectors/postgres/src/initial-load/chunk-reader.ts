import type { Clock } from '@millrace/kernel';
import type { Client, QueryResult } from 'pg';
import { Chunk } from './chunk.ts';
import { CopyRows } from './copy-rows.ts';
import { beginStatement, copyStatement, markColumns } from './load-sql.ts';
import { type LoadTable, tableRenamed } from './load-table.ts';
import type { LoadUnit, ReadMark } from './load-unit.ts';
import { type MarkRow, readMark } from './read-mark.ts';

const RETRY_MS_MIN = 2;
const RETRY_MS_MAX = 250;
const UNDEFINED_TABLE = '42P01';
/** With a text that tells whether the table is still the same, or null when it is gone. */
interface ReadingRow extends MarkRow {
  readonly shape: string | null;
}

export interface ChunkReaderOptions {
  readonly session: Client;
  readonly serverVersion: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** A barrier is due: do not begin. */
  readonly mayBegin: (units: readonly LoadUnit[]) => boolean;
  /** Every new snapshot of the server is worth knowing. */
  readonly onMark: (mark: ReadMark) => void;
  readonly onBegun: (chunk: Chunk) => void;
  readonly wake: () => void;
}

/** Reads units over one connection, each in a read-only transaction of its own. */
export class ChunkReader {
  readonly #options: ChunkReaderOptions;

  constructor(options: ChunkReaderOptions) {
    this.#options = options;
  }

  /**
   * Reads claimed units; resolves when all their rows have left the socket, or when they are not to be read now (then they are
   * unclaimed).
   */
  async read(table: LoadTable, units: readonly LoadUnit[]): Promise<void> {
    const { session, clock, signal, mayBegin } = this.#options;
    for (let pauseMs = RETRY_MS_MIN; ; pauseMs = Math.min(2 * pauseMs, RETRY_MS_MAX)) {
      const begun = mayBegin(units) ? await this.#begin(table, units) : 'gone';
      if (begun === 'begun') {
        return await this.#copy(table, units);
      }
      await session.query('ROLLBACK');
      if (begun === 'gone') {
        table.reconciler.unclaim(units);
        return;
      }
      await clock.sleep(pauseMs, signal);
    }
  }

  async #begin(table: LoadTable, units: readonly LoadUnit[]): Promise<'begun' | 'too-early' | 'gone'> {
    const { session, serverVersion, mayBegin, onMark } = this.#options;
    const requested = table.reconciler.requestMark();
    let row: ReadingRow;
    try {
      const results = (await session.query(
        beginStatement(table.catalog, serverVersion),
      )) as unknown as QueryResult<ReadingRow>[];
      row = results[2]!.rows[0]!;
    } catch (error) {
      if ((error as { code?: string }).code !== UNDEFINED_TABLE) throw error;
      await session.query('ROLLBACK');
      return await this.#tableIsGone(table);
    }
    const mark = readMark(row);
    // Another table may have the name now.
    if (row.shape === null) return await this.#tableIsGone(table);
    await table.seenWith(row.shape, session);
    const begun = mayBegin(units) ? table.reconciler.begin(units, mark, requested) : 'gone';
    // Afterwards: what this mark lets the tables forget must not make it look too old itself.
    onMark(mark);
    return begun;
  }

  /** @throws MillraceError `postgres.table_changed_during_load` when the table has only another name. */
  async #tableIsGone(table: LoadTable): Promise<'gone'> {
    const { session, serverVersion } = this.#options;
    const { rows } = await session.query<MarkRow & { exists: boolean }>(
      `SELECT ${markColumns(serverVersion)}, EXISTS (SELECT FROM pg_class WHERE oid = ${table.catalog.oid})`,
    );
    if (rows[0]!.exists) throw tableRenamed(table.catalog.schema.id);
    table.reconciler.dropped(readMark(rows[0]!));
    return 'gone';
  }

  async #copy(table: LoadTable, units: readonly LoadUnit[]): Promise<void> {
    const { session, onBegun, wake } = this.#options;
    const rows = session.query(new CopyRows(copyStatement(table.catalog, table.schema, units), wake));
    // Queued at once, so that transaction and lock end with the last byte, even when the pipeline takes its time with the rows.
    const committed = session.query('COMMIT');
    const chunk = new Chunk(table, units, rows);
    onBegun(chunk);
    await Promise.all([chunk.emitted, committed]);
  }
}
