import type { HeldTableOptions, LookupRequest, TableLookup } from '@millrace/connector-contract';
import type { Column } from '@millrace/formats';
import { type Clock, MillraceError } from '@millrace/kernel';
import type { Redis } from 'ioredis';
import type { ConnectionOptions } from '../../config.ts';
import { LookupRefused, LookupStale, serverError, TableTooLarge } from '../../errors.ts';
import { connect } from '../../server/connect.ts';
import { notificationFlags, tellsOfHashes } from '../../server/notifications.ts';
import { Hints } from '../hash/hints.ts';
import { FieldsOfHash, type FoundRow, HashesOfKeys, type Place } from '../hash/place.ts';
import { EACH_ROW, lookupColumns, nameOf, type Row, rowOf } from './lookup-row.ts';

/** Rows that are asked for at once. */
const ROWS_MAX = 1_000;
/** How often it is proven that no notification is missing. */
const PROVE_MS = 500;

interface Surroundings {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * A table that is held as a whole. It is read before anything is found in it, then kept up to date: notifications say what has changed, and now and then everything is read again. How old it is, is known: a
 * question on the connection that notifications come over is answered behind all of them that were before it.
 */
export class HeldTable implements TableLookup {
  readonly columns: readonly Column[];
  readonly #request: LookupRequest;
  readonly #hold: HeldTableOptions;
  readonly #clock: Clock;
  readonly #redis: Redis;
  readonly #listener: Redis;
  readonly #place: Place;
  readonly #hints: Hints;
  readonly #closing = new AbortController();
  /** An error where what is there is no row: it counts when somebody asks for it. */
  readonly #rows = new Map<string, Row | MillraceError>();
  /** Everything that was before is in the rows. */
  #asOfMs = 0;
  #isTold = false;
  #failed: { readonly error: unknown } | undefined;
  #changed: () => void = () => {};
  #following: Promise<void> | undefined;

  private constructor(
    config: ConnectionOptions,
    request: LookupRequest,
    hold: HeldTableOptions,
    clock: Clock,
    [redis, listener]: readonly [Redis, Redis],
  ) {
    const { table, columns } = request;
    this.columns = lookupColumns(columns);
    this.#request = request;
    this.#hold = hold;
    this.#clock = clock;
    this.#redis = redis;
    this.#listener = listener;
    this.#place = table.endsWith(EACH_ROW)
      ? new HashesOfKeys(redis, table.slice(0, -EACH_ROW.length), config.database)
      : new FieldsOfHash(redis, table, config.database);
    this.#hints = new Hints(new Map([[table, this.#place]]), () => this.#changed());
  }

  /** Resolves when all is there. @throws MillraceError `redis.unreachable`, `redis.key_of_other_type`, `redis.table_too_large` */
  static async open(
    config: ConnectionOptions,
    request: LookupRequest,
    hold: HeldTableOptions,
    { clock, signal }: Surroundings,
  ): Promise<HeldTable> {
    const redis = await connect(config, { key: request.table });
    const listener = await connect(config, { key: request.table, blocks: true }).catch((error: unknown) => {
      redis.disconnect();
      throw error;
    });
    const table = new HeldTable(config, request, hold, clock, [redis, listener]);
    try {
      // Before the first look: what changes behind it is heard of.
      await table.#hints.listen(listener);
      await table.#lookAtAll();
      signal.throwIfAborted();
      table.#following = table.#follow();
      return table;
    } catch (error) {
      await table[Symbol.asyncDispose]();
      throw serverError(error, `hold the table ${request.table}`);
    }
  }

  /** @throws MillraceError `redis.lookup_stale`, `redis.lookup_refused`, `redis.table_too_large`, `redis.unreachable` */
  async find(keys: readonly (readonly string[])[]): Promise<readonly Row[]> {
    if (this.#failed !== undefined) throw serverError(this.#failed.error, `hold the table ${this.#request.table}`);
    const { ageMs } = this.state();
    if (ageMs > this.#hold.ageMsMax) {
      throw new MillraceError(LookupStale, {
        message: `what is held of ${this.#request.table} is ${Math.round(ageMs)} ms old; ${this.#hold.ageMsMax} ms are allowed (hold.maxAge)`,
        mend: 'Look at the load of the server; turn notifications on (notify-keyspace-events Kghxe), or lower hold.refresh.',
      });
    }
    return keys.map((key) => {
      const row = this.#rows.get(nameOf(key));
      if (row instanceof MillraceError) throw row;
      return row;
    });
  }

  state(): { readonly ageMs: number; readonly rows: number } {
    return { ageMs: Math.max(0, this.#clock.monotonicMs() - this.#asOfMs), rows: this.#rows.size };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new Error('the look-up is closed'));
    this.#redis.disconnect();
    this.#listener.disconnect();
    await this.#following;
  }

  async #follow(): Promise<void> {
    try {
      for (;;) {
        const dueMs = this.#clock.monotonicMs() + this.#hold.refreshMs;
        while (this.#clock.monotonicMs() < dueMs) {
          await this.#wait(Math.min(dueMs - this.#clock.monotonicMs(), PROVE_MS));
          await this.#catchUp();
        }
        await this.#lookAtAll();
      }
    } catch (error) {
      this.#failed = { error };
    }
  }

  /** Until something has changed, or for so long. */
  async #wait(durationMs: number): Promise<void> {
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, this.#closing.signal]);
    if (this.#hints.isEmpty) {
      const heard = new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
      await Promise.race([heard, this.#clock.sleep(durationMs, signal).catch(() => {})]);
      over.abort();
    }
    this.#closing.signal.throwIfAborted();
  }

  async #catchUp(): Promise<void> {
    const askedMs = this.#clock.monotonicMs();
    await this.#listener.ping();
    const { whole, names } = this.#hints.take();
    if (whole.length > 0) return this.#lookAtAll();
    const changed = [...names.values()].flat();
    for (let at = 0; at < changed.length; at += ROWS_MAX) await this.#lookAt(changed.slice(at, at + ROWS_MAX));
    if (this.#isTold) this.#asOfMs = askedMs;
  }

  async #lookAtAll(): Promise<void> {
    const startedMs = this.#clock.monotonicMs();
    // Somebody may have turned notifications off, or on.
    const flags = await notificationFlags(this.#redis);
    const seen = new Set<string>();
    for await (const found of this.#place.scan()) {
      this.#closing.signal.throwIfAborted();
      for (const row of found) {
        seen.add(row.name);
        this.#set(row);
      }
    }
    // A row that comes and goes meanwhile may not have been among them: it is looked at by itself.
    const missing = [...this.#rows.keys()].filter((name) => !seen.has(name));
    for (let at = 0; at < missing.length; at += ROWS_MAX) await this.#lookAt(missing.slice(at, at + ROWS_MAX));
    this.#isTold = flags !== undefined && tellsOfHashes(flags);
    this.#asOfMs = startedMs;
  }

  async #lookAt(names: readonly string[]): Promise<void> {
    const found = await this.#place.find(names);
    const there = new Set(found.map(({ name }) => name));
    for (const row of found) this.#set(row);
    for (const name of names) if (!there.has(name)) this.#rows.delete(name);
  }

  #set({ name, value }: FoundRow): void {
    const { rowsMax } = this.#hold;
    if (this.#rows.size >= rowsMax && !this.#rows.has(name)) {
      throw new MillraceError(TableTooLarge, {
        message: `table ${this.#request.table} has more than ${rowsMax} rows, the most that are held`,
        mend: 'Raise hold.rows, if every thread of every worker has the memory for it; or leave hold out, so that rows are looked up and cached.',
      });
    }
    this.#rows.set(name, this.#rowOf(name, value));
  }

  #rowOf(name: string, value: FoundRow['value']): Row | MillraceError {
    const { table, columns } = this.#request;
    if (typeof value !== 'string') {
      const fields = new Map<string, string>();
      for (let at = 0; at < value.length; at += 2) fields.set(value[at]!, value[at + 1]!);
      return columns.map((column) => fields.get(column) ?? null);
    }
    try {
      return rowOf(table, name, value, columns);
    } catch (error) {
      if (error instanceof MillraceError && error.code === LookupRefused) return error;
      throw error;
    }
  }
}
