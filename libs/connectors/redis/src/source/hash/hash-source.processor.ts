import type { Resolved } from '@millrace/connector-contract';
import type { Processor, ProcessorContext, SnapshotEntry, SnapshotWriter } from '@millrace/engine';
import type { ChangeBatch } from '@millrace/formats';
import type { Redis } from 'ioredis';
import type { ConnectionOptions } from '../../config.ts';
import { serverError } from '../../errors.ts';
import { connect } from '../../server/connect.ts';
import { PiecesAhead } from '../pieces-ahead.ts';
import { keysOfInstance, pollMs, type SourceStage } from '../source-stage.ts';
import { type Change, HashRows } from './hash-rows.ts';
import { Hints } from './hints.ts';
import { digestOf, KnownRows } from './known-rows.ts';
import { FieldsOfHash, type FoundRow, HashesOfKeys, type Place } from './place.ts';

/** Rows of a piece; the next is read when it is handed on. */
const ROWS_MAX = 1_000;
/** Notifications that come close together are one look. */
const GATHER_MS = 20;

interface Digested {
  readonly change: Change;
  /** Absent: the row is gone. */
  readonly digest: string | undefined;
}

interface Piece {
  readonly changes: readonly Digested[];
  readonly batch: ChangeBatch;
}

const textOf = (value: FoundRow['value']): string => (typeof value === 'string' ? value : JSON.stringify(value));

/**
 * Follows the rows of hashes. A notification is only a hint to look; what is there now is compared with a digest of what was handed on, which is part of the snapshot. So whatever was
 * missed, and whenever, the last state of each row is handed on, once; states in between may not be.
 */
export class HashSource implements Processor {
  readonly #options: Resolved<ConnectionOptions, SourceStage>;
  readonly #rows: HashRows;
  readonly #known: KnownRows;
  readonly #closing = new AbortController();
  readonly #places = new Map<string, Place>();
  #keys: ReadonlySet<string> = new Set();
  #hints!: Hints;
  #context!: ProcessorContext;
  #redis: Redis | undefined;
  #listener: Redis | undefined;
  #ahead!: PiecesAhead<Piece>;
  #following: Promise<void> | undefined;
  #changed: () => void = () => {};
  #isAtEnd = false;

  constructor(options: Resolved<ConnectionOptions, SourceStage>) {
    this.#options = options;
    this.#rows = new HashRows(options.stage);
    this.#known = new KnownRows(options.stage.rows);
  }

  async init(context: ProcessorContext): Promise<void> {
    const { config, stage } = this.#options;
    this.#context = context;
    // One: what a row was is known when the piece it is in is handed on, and not before.
    this.#ahead = new PiecesAhead(1, () => context.wake());
    this.#keys = new Set(keysOfInstance(stage, context));
    this.#hints = new Hints(this.#places, () => this.#changed());
    this.#redis = await connect(config, { key: stage.keys[0] });
    for (const key of this.#keys) {
      const place =
        stage.type === 'hash'
          ? new FieldsOfHash(this.#redis, key, config.database)
          : new HashesOfKeys(this.#redis, `${key}:`, config.database);
      this.#places.set(key, place);
    }
    // Before the first look: what changes behind it is heard of.
    if (stage.follow && this.#keys.size > 0) await this.#listen();
  }

  restoreSnapshot(entry: SnapshotEntry): void {
    this.#known.restore(entry, (key) => this.#keys.has(key));
  }

  complete(): boolean {
    this.#following ??= this.#follow().catch((error: unknown) => {
      if (!this.#closing.signal.aborted) this.#context.fail(serverError(error, 'follow hashes'));
    });
    for (let piece = this.#ahead.first; piece !== undefined; piece = this.#ahead.first) {
      if (!this.#context.outbox.offer(piece.batch)) return false;
      for (const { change, digest } of piece.changes) {
        if (digest === undefined) this.#known.delete(change);
        else this.#known.set(change, digest);
      }
      this.#context.metrics.add('rowsRead', piece.changes.length);
      this.#context.metrics.set('rowsKnown', this.#known.size);
      this.#ahead.shift();
    }
    return this.#isAtEnd;
  }

  saveSnapshot(_snapshotId: number, writer: SnapshotWriter): boolean {
    return this.#known.save(this.#context.globalIndex, writer);
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the source is closed'));
    this.#redis?.disconnect();
    this.#listener?.disconnect();
    this.#ahead?.close();
    await this.#following;
  }

  async #listen(): Promise<void> {
    const { config, stage } = this.#options;
    this.#listener = await connect(config, { key: stage.keys[0], blocks: true });
    this.#listener.once('close', () => {
      if (!this.#closing.signal.aborted)
        this.#context.fail(serverError(new Error('the connection broke'), 'hear of changes'));
    });
    await this.#hints.listen(this.#listener).catch((error: unknown) => {
      throw serverError(error, 'hear of changes');
    });
  }

  async #follow(): Promise<void> {
    const { stage } = this.#options;
    const { clock, metrics } = this.#context;
    for (;;) {
      this.#hints.addWhole();
      const dueMs = clock.monotonicMs() + pollMs(stage);
      metrics.add('looks', 1);
      do {
        await this.#look();
        if (!stage.follow) break;
        await this.#hint(dueMs);
      } while (!this.#hints.isEmpty && clock.monotonicMs() < dueMs);
      if (!stage.follow) break;
    }
    this.#isAtEnd = true;
    this.#context.wake();
  }

  /** Resolves when there is a hint, or at this time. */
  async #hint(dueMs: number): Promise<void> {
    const { clock } = this.#context;
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, this.#closing.signal]);
    if (this.#hints.isEmpty) {
      const heard = new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
      const late = clock.sleep(Math.max(0, dueMs - clock.monotonicMs()), signal).catch(() => {});
      await Promise.race([heard, late]);
      over.abort();
      this.#changed = () => {};
    }
    this.#closing.signal.throwIfAborted();
    if (!this.#hints.isEmpty) await clock.sleep(GATHER_MS, this.#closing.signal);
  }

  /** Hands on what is not as it was, of what there are hints of. */
  async #look(): Promise<void> {
    const { whole, names } = this.#hints.take();
    for (const key of whole) await this.#lookAtAll(key);
    for (const [key, some] of names)
      for (let at = 0; at < some.length; at += ROWS_MAX) await this.#lookAt(key, some.slice(at, at + ROWS_MAX));
  }

  async #lookAtAll(key: string): Promise<void> {
    const seen = new Set<string>();
    for await (const found of this.#places.get(key)!.scan()) {
      for (const { name } of found) seen.add(name);
      await this.#handOn(key, found, []);
    }
    // A row that comes and goes meanwhile may not have been among them: it is looked at by itself.
    const missing = [...this.#known.of(key)].filter(({ name }) => !seen.has(name)).map(({ name }) => name);
    for (let at = 0; at < missing.length; at += ROWS_MAX) await this.#lookAt(key, missing.slice(at, at + ROWS_MAX));
  }

  async #lookAt(key: string, names: readonly string[]): Promise<void> {
    const found = await this.#places.get(key)!.find(names);
    const there = new Set(found.map(({ name }) => name));
    await this.#handOn(
      key,
      found,
      names.filter((name) => !there.has(name)),
    );
  }

  async #handOn(key: string, found: readonly FoundRow[], gone: readonly string[]): Promise<void> {
    this.#closing.signal.throwIfAborted();
    const changes = new Map<string, Digested>();
    for (const { name, value } of found) {
      const digest = digestOf(textOf(value));
      if (this.#known.digest({ key, name }) !== digest) changes.set(name, { change: { key, name, value }, digest });
    }
    for (const name of gone)
      if (this.#known.digest({ key, name }) !== undefined)
        changes.set(name, { change: { key, name, value: undefined }, digest: undefined });
    const all = [...changes.values()];
    for (let at = 0; at < all.length; at += ROWS_MAX) {
      const piece = all.slice(at, at + ROWS_MAX);
      const rows = piece.map(({ change }) => change);
      await this.#ahead.hold({ changes: piece, batch: this.#rows.batch(rows, this.#context.clock.nowMs()) });
    }
  }
}
