import { type Lsn, lsn, parseLsn } from '@millrace/formats';
import type { Clock } from '@millrace/kernel';
import type { Client, QueryResult } from 'pg';
import { type CopyToStreamQuery, to as copyTo } from 'pg-copy-streams';
import type { LoadOutput } from './contract.ts';
import { CopyTranscoder } from './copy-transcoder.ts';
import { beginStatement, copyStatement, markColumns } from './load-sql.ts';
import { type LoadTable, tableRenamed } from './load-table.ts';
import type { LoadUnit, ReadMark } from './load-unit.ts';
import { PgSnapshot } from './pg-snapshot.ts';

/** What a connection reads ahead of the pipeline. */
const READ_AHEAD_BYTES = 1_048_576;
const RETRY_MS_MIN = 2;
const RETRY_MS_MAX = 250;
const UNDEFINED_TABLE = '42P01';
const WAL_PAGE_BYTES = 8_192n;
const WAL_PAGE_HEADER_BYTES_MAX = 40n;

interface MarkRow {
  readonly snapshot: string;
  readonly position: string;
  readonly shape: string | null;
}

export const readMark = ({ snapshot, position }: Pick<MarkRow, 'snapshot' | 'position'>): ReadMark => ({
  snapshot: PgSnapshot.parse(snapshot),
  position: endOfRecords(parseLsn(position)),
});

/**
 * Where records end before the insert position. At the beginning of a WAL page that position is behind the page's header (24 bytes, 40 in
 * a segment's first page), which the stream of an idle server never reaches; no record is shorter than 24 bytes, so none begins there.
 */
export function endOfRecords(insertPosition: Lsn): Lsn {
  const inPage = insertPosition % WAL_PAGE_BYTES;
  return inPage <= WAL_PAGE_HEADER_BYTES_MAX ? lsn(insertPosition - inPage) : insertPosition;
}

/** The rows of units that are being read, on their way from the socket to the output. */
export class Chunk {
  readonly table: LoadTable;
  readonly units: readonly LoadUnit[];
  readonly #schema: LoadTable['schema'];
  readonly #stream: CopyToStreamQuery;
  readonly #transcoder = new CopyTranscoder();
  #hasEnded = false;

  constructor(table: LoadTable, units: readonly LoadUnit[], stream: CopyToStreamQuery) {
    this.table = table;
    this.units = units;
    this.#schema = table.schema;
    this.#stream = stream;
    stream.once('end', () => {
      this.#hasEnded = true;
    });
  }

  /** All rows have been emitted. */
  get isEmitted(): boolean {
    return this.#hasEnded && this.#transcoder.isDrained;
  }

  /** Emits what has arrived while there is room, and returns the number of rows. */
  pump(out: LoadOutput): number {
    let rows = 0;
    while (!out.isFull) {
      if (this.#transcoder.isDrained) {
        const piece = this.#stream.read() as Buffer | null;
        if (piece === null) break;
        this.#transcoder.feed(piece);
      }
      rows += this.#transcoder.emit(this.#schema, out);
    }
    return rows;
  }
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
    let row: MarkRow;
    try {
      const results = (await session.query(
        beginStatement(table.catalog, serverVersion),
      )) as unknown as QueryResult<MarkRow>[];
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
    const stream = session.query(
      copyTo(copyStatement(table.catalog, table.schema, units), { highWaterMark: READ_AHEAD_BYTES } as never),
    );
    // Queued at once, so that transaction and lock end with the last byte, even when the pipeline takes its time with the rows.
    const committed = session.query('COMMIT');
    onBegun(new Chunk(table, units, stream));
    stream.on('readable', wake);
    const taken = new Promise<void>((resolve, reject) => {
      stream.once('end', resolve);
      stream.on('error', reject);
    });
    await Promise.all([taken, committed]);
    wake();
  }
}
