import type { Processor, ProcessorContext, SnapshotEntry, SnapshotWriter } from '@millrace/engine';
import type { ChangeBatch } from '@millrace/formats';
import { assert } from '@millrace/kernel';
import type { PostgresSourceOptions } from './config.ts';
import type { ReloadProgress } from './initial-load/contract.ts';
import { tellReloads } from './initial-load/reload-figures.ts';
import { TableFigures } from './initial-load/table-figures.ts';
import { decodeState, encodeState, type SourceState } from './position/source-state.ts';
import { openSourceSession, type SourceSession } from './source-session.ts';
import { EventWriter } from './stream/event-writer.ts';

/** Longest time an incomplete batch waits for more. */
const LINGER_MS = 1;

/**
 * Emits a database's rows and then its changes as `ChangeBatch`es. Opens what it needs in `restoreFinished`; afterwards each `complete`
 * hands on what the initial load has ready and what the stream has brought, one batch of each at most.
 *
 * Nothing is emitted before the first snapshot is committed: it holds where the slot begins, so that whatever was emitted can be
 * emitted again.
 */
export class PostgresSource implements Processor {
  readonly #options: PostgresSourceOptions;
  readonly #writer = new EventWriter();
  readonly #tables = new TableFigures();
  #context!: ProcessorContext;
  #restored: SourceState | undefined;
  #session: SourceSession | undefined;
  #isEmitting = false;
  #isClosed = false;
  #barrierDue = false;
  /** A batch the outbox has refused. */
  #refused: ChangeBatch | undefined;
  /** The state being saved, kept while the writer refuses it. */
  #saving: SnapshotEntry | undefined;
  /** As a snapshot saved it that is not committed yet. */
  #reloads: { readonly snapshotId: number; readonly progress: readonly ReloadProgress[] } | undefined;
  #cancelLinger: (() => void) | undefined;
  #lingerIsOver = false;

  constructor(options: PostgresSourceOptions) {
    this.#options = options;
  }

  init(context: ProcessorContext): void {
    assert(context.totalParallelism === 1, 'a replication slot has one reader');
    this.#context = context;
  }

  restoreSnapshot(entry: SnapshotEntry): void {
    this.#restored = decodeState(entry);
  }

  async restoreFinished(): Promise<void> {
    const context = this.#context;
    assert(
      (this.#restored === undefined) === (context.restoredSnapshotId === undefined),
      'a snapshot has the state of its source',
    );
    this.#session = await openSourceSession({
      ...this.#options,
      restored: this.#restored,
      writer: this.#writer,
      context,
      measure: () => this.#measure(),
    });
    context.signal.throwIfAborted();
    tellReloads(this.#session.load?.reloads() ?? [], context.metrics);
    if (this.#restored !== undefined || context.guarantee === 'none') this.#startEmitting();
  }

  complete(): boolean {
    const session = this.#session;
    if (session === undefined || !this.#isEmitting || !this.#handOnRefused()) return false;
    const { load, stream } = session;
    load?.pump(this.#writer);
    const loadHasMore = this.#writer.isFull;
    if (loadHasMore && !this.#handOn()) return false;
    const end = stream.walk(this.#barrierDue && load?.canSnapshot !== false);
    if (end === 'waiting' && !this.#lingerIsOver) this.#linger();
    else if (!this.#handOn()) return false;
    // At a boundary everything is handed on now: the barrier that is due can be injected.
    if (end === 'full' || end === 'boundary' || loadHasMore) this.#context.wake();
    return false;
  }

  snapshotReady(): boolean {
    const session = this.#session;
    if (session === undefined) return false;
    if (!this.#barrierDue) {
      this.#barrierDue = true;
      session.load?.barrierDue(true);
      this.#context.wake();
    }
    if (!this.#isEmitting) return true;
    return (
      session.stream.isAtBoundary &&
      this.#writer.isEmpty &&
      this.#refused === undefined &&
      session.load?.canSnapshot !== false
    );
  }

  saveSnapshot(snapshotId: number, writer: SnapshotWriter): boolean {
    const { load, stream } = this.#session!;
    const { resumeLsn } = stream;
    this.#saving ??= encodeState({ resumeLsn, load: load?.save() });
    if (!writer.offer(this.#saving)) return false;
    this.#saving = undefined;
    stream.acknowledger.saved(snapshotId, resumeLsn);
    this.#reloads = load && { snapshotId, progress: load.reloads() };
    stream.refreshLoading();
    this.#barrierDue = false;
    load?.barrierDue(false);
    this.#measure();
    this.#context.wake();
    return true;
  }

  snapshotCommit(snapshotId: number): void {
    this.#session?.stream.acknowledger.committed(snapshotId);
    if (this.#reloads?.snapshotId === snapshotId) tellReloads(this.#reloads.progress, this.#context.metrics);
    if (!this.#isEmitting && !this.#isClosed) this.#startEmitting();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#isEmitting = false;
    this.#cancelLinger?.();
    await this.#session?.close();
  }

  #startEmitting(): void {
    this.#isEmitting = true;
    this.#session!.load?.start();
    this.#context.wake();
  }

  /** Offers the batch that was refused before anything else. */
  #handOnRefused(): boolean {
    if (this.#refused === undefined) return true;
    if (!this.#context.outbox.offer(this.#refused)) return false;
    this.#refused = undefined;
    return true;
  }

  /** Hands on what was written, if anything; `false` when the outbox refused it. */
  #handOn(): boolean {
    this.#cancelLinger?.();
    this.#cancelLinger = undefined;
    this.#lingerIsOver = false;
    if (this.#writer.isEmpty) return true;
    const { stream } = this.#session!;
    const { clock, metrics } = this.#context;
    this.#refused = this.#writer.take(stream.receivedMs);
    metrics.add('events', this.#refused.length);
    stream.lag.emitted(stream.commitTimeUs, clock.nowMs());
    return this.#handOnRefused();
  }

  /** A batch that is not full waits a moment for what the server may be about to send. */
  #linger(): void {
    if (this.#writer.isEmpty || this.#cancelLinger !== undefined) return;
    this.#cancelLinger = this.#context.clock.timer(LINGER_MS, () => {
      this.#lingerIsOver = true;
      this.#context.wake();
    });
  }

  /** About once a second, also while nothing moves, and at snapshots. */
  #measure(): void {
    const { clock, guarantee, metrics } = this.#context;
    const session = this.#session;
    if (session === undefined) return;
    const { load, stream } = session;
    const { lagBytes, lagMs } = stream.lag.lag(stream.resumeLsn, clock.nowMs());
    metrics.set('lagBytes', lagBytes);
    metrics.set('lagMs', lagMs);
    // Without snapshots nothing else would ever let the server remove its WAL.
    if (guarantee === 'none') stream.acknowledger.acknowledge(stream.resumeLsn);
    if (load === undefined) return;
    const { rows, tablesTotal, tablesDone } = load.progress;
    metrics.set('loadRows', rows);
    metrics.set('loadTablesTotal', tablesTotal);
    metrics.set('loadTablesDone', tablesDone);
    this.#tables.tell(load.tableProgress(), metrics, clock.monotonicMs());
  }
}
