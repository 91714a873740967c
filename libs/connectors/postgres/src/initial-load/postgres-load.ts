import type { ReloadRequest } from '@millrace/connector-contract';
import { type Lsn, lsn } from '@millrace/formats';
import { assert, type Clock, MillraceError } from '@millrace/kernel';
import type { Client } from 'pg';
import type { CatalogTable } from '../preflight/table-catalog.ts';
import { type ServerErrorFields, serverError } from '../stream/server-error.ts';
import type { Chunk } from './chunk.ts';
import { ChunkReader } from './chunk-reader.ts';
import type {
  HeldEvent,
  InitialLoad,
  LoadCallbacks,
  LoadOutput,
  LoadProgress,
  LoadState,
  ReloadProgress,
  TableProgress,
} from './contract.ts';
import { LoadPlanner } from './load-planner.ts';
import { LoadTable } from './load-table.ts';
import { type LoadMode, LoadTally } from './load-tally.ts';
import type { LoadUnit, ReadMark } from './load-unit.ts';
import { untilWritersEnded } from './open-writers.ts';
import { Reloads } from './reloads.ts';
import { Stir } from './stir.ts';
import type { TableSave } from './table-save.ts';

/** Changes kept while the rows of their range are read. */
const HELD_BYTES_MAX = 32 * 1_048_576;
/** Dropped transactions that no snapshot was seen to see. Above the first a fresh snapshot is taken, at the second the stream waits. */
const REMEMBERED_SOFT_MAX = 1_000;
const REMEMBERED_MAX = 50_000;
/** Keys waiting to be read again before the stream may go on. */
const PENDING_POINTS_MAX = 5_000;
/** Between two looks whether old transactions have become visible. */
const PRUNE_PAUSE_MS = 20;

export interface PostgresLoadOptions extends LoadCallbacks {
  /** Opens an ordinary session. */
  readonly open: () => Promise<Client>;
  readonly tables: readonly CatalogTable[];
  /** What `save` gave to the snapshot this execution continues from. */
  readonly restored: LoadState | undefined;
  /** Tables that the state does not know yet are loaded. */
  readonly loadsNew: boolean;
  /** Those that are open: what the state knows of them is gone on with, the others begin now. */
  readonly reloads: readonly ReloadRequest[];
  /** Where the stream begins. */
  readonly resumeLsn: Lsn;
  readonly sinksShowRowsAtOnce: boolean;
  /** Connections that read rows; one more plans. */
  readonly connections: number;
  /** Rows per range; `undefined`: by the width of the rows. */
  readonly chunkRows: number | undefined;
  readonly clock: Clock;
}

/** No position is beyond it. */
const END_OF_WAL = lsn(2n ** 64n - 1n);

type SavedTable = { readonly id: string; readonly rows?: number; readonly reload?: boolean } & (
  | TableSave
  | { readonly streaming: true }
);

/** The initial load of a source: reads the tables' ranges over its own connections, while `Reconciler`s judge the stream's changes. */
export class PostgresLoad implements InitialLoad {
  readonly #options: PostgresLoadOptions;
  readonly #mode: LoadMode;
  /** Of tables whose rows were delivered before: sinks have them, whatever they show when. */
  readonly #reloadMode: LoadMode = { converges: true, replayEnd: END_OF_WAL };
  readonly #reloads: Reloads;
  readonly #tally = new LoadTally();
  readonly #loading = new Map<string, LoadTable>();
  readonly #tables: readonly CatalogTable[];
  /** Rows read of each table that is streaming. */
  readonly #streaming: Map<string, number>;
  readonly #chunks = new Set<Chunk>();
  readonly #releasing = new Set<LoadTable>();
  readonly #sessions: Client[] = [];
  readonly #stir = new Stir();
  readonly #stop = new AbortController();
  #loops: Promise<unknown> = Promise.resolve();
  #barrierDue = false;
  #passed = lsn(0n);
  #appliedPassed = lsn(0n);
  #rows = 0;

  constructor(options: PostgresLoadOptions) {
    const { restored, tables, sinksShowRowsAtOnce, loadsNew } = options;
    this.#options = options;
    const converges = restored !== undefined && sinksShowRowsAtOnce;
    // Until it is known where the replay ends, everything counts as replayed.
    this.#mode = { converges, replayEnd: converges ? END_OF_WAL : lsn(0n) };
    this.#reloads = new Reloads(options.reloads, restored?.reloads ?? []);
    const saved = new Map((restored?.tables as readonly SavedTable[] | undefined)?.map((table) => [table.id, table]));
    this.#streaming = new Map();
    for (const catalog of tables) {
      const { id } = catalog.schema;
      const state = saved.get(id);
      // A first load that is about to begin reads everything there is.
      const isFirst = state === undefined && loadsNew;
      // Rows without a key cannot be told from those delivered before.
      const begins = !isFirst && this.#reloads.begins(id) && catalog.key.length > 0;
      if (begins) this.#loading.set(id, this.#loadTable(catalog, undefined, true));
      else if (state !== undefined && !('streaming' in state)) {
        this.#loading.set(id, this.#loadTable(catalog, state, state.reload === true));
      } else if (isFirst) this.#loading.set(id, this.#loadTable(catalog, undefined, false));
      else this.#streaming.set(id, state?.rows ?? 0);
    }
    this.#tables = tables;
    this.#passed = options.resumeLsn;
  }

  #loadTable(catalog: CatalogTable, saved: (TableSave & { rows?: number }) | undefined, isReload: boolean): LoadTable {
    const { chunkRows } = this.#options;
    const mode = isReload ? this.#reloadMode : this.#mode;
    return new LoadTable(catalog, mode, this.#tally, saved, { chunkRows, isReload });
  }

  get progress(): LoadProgress {
    return { rows: this.#rows, tablesTotal: this.#tables.length, tablesDone: this.#streaming.size };
  }

  tableProgress(): readonly TableProgress[] {
    return this.#tables.map(({ schema: { id }, rowsEstimate }) => {
      const rows = this.#streaming.get(id);
      if (rows !== undefined) return { id, phase: 'streaming', rows, rowsEstimate };
      const loading = this.#loading.get(id)!.rows;
      return { id, phase: loading > 0 ? 'loading' : 'waiting', rows: loading, rowsEstimate };
    });
  }

  reloads(): readonly ReloadProgress[] {
    const keyless = new Set(this.#tables.filter(({ key }) => key.length === 0).map(({ schema }) => schema.id));
    return this.#reloads.progress(
      (table) => this.#loading.has(table),
      (table) => !keyless.has(table),
    );
  }

  get mustPauseStream(): boolean {
    const { heldBytes, remembered } = this.#tally;
    return heldBytes >= HELD_BYTES_MAX || remembered >= REMEMBERED_MAX || this.#mustReadPoints;
  }

  get canSnapshot(): boolean {
    return this.#tally.reading === 0 && this.#tally.queued === 0;
  }

  start(): void {
    if (this.#loading.size > 0) this.#loops = this.#run();
  }

  isLoading(tableId: string): boolean {
    return this.#loading.has(tableId);
  }

  handle(event: HeldEvent, created: HeldEvent | undefined, out: LoadOutput): void {
    const table = this.#loading.get(event.schema.id);
    assert(table !== undefined, `${event.schema.id} is being loaded`);
    const { remembered, pendingPoints } = this.#tally;
    table.reconciler.handle(event, created, out);
    if (this.#tally.pendingPoints > pendingPoints || (this.#tally.remembered > remembered && this.#mustPrune)) {
      this.#stir.notify();
    }
  }

  pump(out: LoadOutput): void {
    this.#applyPassed();
    for (const chunk of this.#chunks) {
      const pumped = chunk.pump(out);
      this.#rows += pumped;
      chunk.table.rows += pumped;
      if (!chunk.isEmitted) continue;
      this.#chunks.delete(chunk);
      chunk.table.reconciler.rowsEmitted(chunk.units);
      this.#releasing.add(chunk.table);
    }
    for (const table of this.#releasing) {
      if (!table.reconciler.release(out)) return;
      this.#releasing.delete(table);
      this.#changed();
    }
  }

  barrierDue(due: boolean): void {
    if (this.#barrierDue === due) return;
    this.#barrierDue = due;
    if (!due) this.#stir.notify();
  }

  streamPassed(position: Lsn): void {
    this.#passed = position;
  }

  save(): LoadState {
    assert(this.canSnapshot, 'the load is saved while no range is partly emitted');
    this.#applyPassed();
    for (const [id, { reconciler, rows }] of this.#loading) {
      if (!reconciler.isDone) continue;
      this.#loading.delete(id);
      this.#streaming.set(id, rows);
    }
    // The loops end when nothing is left.
    this.#stir.notify();
    const streaming = Array.from(this.#streaming, ([id, rows]): SavedTable => ({ id, rows, streaming: true }));
    const loading = Array.from(
      this.#loading,
      ([id, { reconciler, rows, isReload }]): SavedTable => ({
        id,
        rows,
        ...(isReload && { reload: true }),
        ...reconciler.save(),
      }),
    );
    return { version: 1, tables: [...streaming, ...loading], reloads: this.#reloads.ids };
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error('the load was closed'));
    this.#stir.notify();
    await Promise.all(this.#sessions.map((session) => session.end()));
    // Sessions are closed already: rows that were read and wait for room are all that is left.
    for (const chunk of this.#chunks) chunk.abandon();
    await this.#loops;
  }

  get #mustReadPoints(): boolean {
    return this.#tally.pendingPoints >= PENDING_POINTS_MAX;
  }

  get #mustPrune(): boolean {
    return this.#tally.remembered >= REMEMBERED_SOFT_MAX;
  }

  get #isOver(): boolean {
    return this.#stop.signal.aborted || this.#loading.size === 0;
  }

  #applyPassed(): void {
    if (this.#passed === this.#appliedPassed) return;
    this.#appliedPassed = this.#passed;
    for (const { reconciler } of this.#loading.values()) reconciler.passed(this.#passed);
    this.#stir.notify();
  }

  #changed(): void {
    this.#stir.notify();
    this.#options.wake();
  }

  async #run(): Promise<void> {
    try {
      const planner = await this.#openSession();
      const version = await serverVersion(planner);
      const readers: Client[] = [];
      for (let reader = 0; reader < this.#options.connections; reader++) readers.push(await this.#openSession());
      // All at once: a loop that fails while another session is being opened would fail unheard.
      await Promise.all([
        this.#planLoop(new LoadPlanner(planner, version)),
        this.#letReloadsBegin(planner),
        ...readers.map((session) => this.#readLoop(session, version)),
      ]);
      if (!this.#stop.signal.aborted) await Promise.all(this.#sessions.map((session) => session.end()));
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#options.fail(loadError(error));
    }
  }

  async #openSession(): Promise<Client> {
    const session = await this.#options.open();
    this.#sessions.push(session);
    if (!this.#stop.signal.aborted) return session;
    await session.end();
    throw this.#stop.signal.reason;
  }

  async #planLoop(planner: LoadPlanner): Promise<void> {
    const position = await planner.position();
    for (const mode of [this.#mode, this.#reloadMode]) if (mode.converges) mode.replayEnd = position;
    while (!this.#isOver) {
      if (this.#mustPrune) {
        this.#prune(await planner.mark());
        if (this.#mustPrune) await this.#options.clock.sleep(PRUNE_PAUSE_MS, this.#stop.signal);
      } else if (await planner.plan(this.#loading.values())) {
        this.#stir.notify();
      } else {
        await this.#stir.wait();
      }
    }
  }

  async #letReloadsBegin(session: Client): Promise<void> {
    const waiting = [...this.#loading.values()].filter(({ mayRead }) => !mayRead);
    if (waiting.length === 0) return;
    const catalogs = waiting.map(({ catalog }) => catalog);
    await untilWritersEnded(session, catalogs, this.#options.clock, this.#stop.signal);
    for (const table of waiting) table.mayRead = true;
    this.#stir.notify();
  }

  async #readLoop(session: Client, version: number): Promise<void> {
    const { clock } = this.#options;
    const reader = new ChunkReader({
      session,
      serverVersion: version,
      clock,
      signal: this.#stop.signal,
      mayBegin: (units) => this.#mayBegin(units),
      onMark: (mark) => this.#prune(mark),
      onBegun: (chunk) => this.#chunks.add(chunk),
      wake: () => this.#options.wake(),
    });
    while (!this.#isOver) {
      const claimed = this.#claim();
      if (claimed === undefined) {
        await this.#stir.wait();
      } else {
        await reader.read(claimed.table, claimed.units);
        this.#changed();
      }
    }
  }

  /** While a barrier is due only what the stream needs to reach the end of its transaction is read. */
  #mayBegin(units: readonly LoadUnit[]): boolean {
    return !this.#barrierDue || (this.#mustReadPoints && 'key' in units[0]!);
  }

  #claim(): { readonly table: LoadTable; readonly units: readonly LoadUnit[] } | undefined {
    if (this.#barrierDue && !this.#mustReadPoints) return undefined;
    for (const table of this.#loading.values()) {
      if (!table.mayRead) continue;
      const units = table.reconciler.claim(this.#barrierDue);
      if (units.length > 0) return { table, units };
    }
    return undefined;
  }

  #prune({ snapshot }: ReadMark): void {
    const wasPaused = this.mustPauseStream;
    for (const { reconciler } of this.#loading.values()) reconciler.prune(snapshot);
    if (wasPaused && !this.mustPauseStream) this.#options.wake();
  }
}

async function serverVersion(session: Client): Promise<number> {
  const { rows } = await session.query<{ version: number }>(
    "SELECT current_setting('server_version_num')::int AS version",
  );
  return rows[0]!.version;
}

function loadError(error: unknown): unknown {
  if (error instanceof MillraceError || !(error instanceof Error)) return error;
  return serverError(error as ServerErrorFields & Error, 'the initial load could not read', error);
}
