import { type IdSource, MillraceError, ulids } from '@millrace/kernel';
import { WrongVersion } from '../errors.ts';
import type { DomainEvent, NewEvent, StoredEvent } from '../events/event.ts';
import { type EventTypes, mergeEventTypes } from '../events/event-types.ts';
import { applyInline, requireTransaction } from '../projections/inline.ts';
import type { Projection } from '../projections/projection.ts';
import { checkName, DEFAULT_SCHEMA, quoteName } from '../schema/names.ts';
import { type AppendOptions, type AppendResult, appendPrepared, type PreparedEvent, prepareEvents } from './append.ts';
import { type Executor, inTransaction, isPool } from './executor.ts';
import { type ReadAllOptions, type ReadStreamOptions, readAll, readStream } from './read.ts';

/** How often `handle` decides anew before it gives the conflict to its caller. */
const ATTEMPTS_MAX = 10;

export interface EventStoreOptions {
  /** Event types that may be appended, with their schemas. Without, anything that is JSON. */
  readonly types?: readonly EventTypes[] | undefined;
  /** Schema of the database that holds the tables. Default `eventstore`. */
  readonly schema?: string | undefined;
  /** Projections that are written in the transaction of each append. */
  readonly inline?: readonly Projection[] | undefined;
  readonly ids?: IdSource | undefined;
}

/** What a decision leads to: events to append, or nothing to do. */
export type Decision<Event extends DomainEvent> = readonly NewEvent<Event>[];

/** Streams of events in PostgreSQL. It holds no connection: each call gets the pool, or the transaction it is to be part of. */
export class EventStore {
  readonly schema: string;
  readonly types: EventTypes | undefined;
  readonly #inline: readonly Projection[];
  readonly #ids: IdSource;

  /** @throws MillraceError `eventstore.definition_invalid` */
  constructor(options: EventStoreOptions = {}) {
    this.schema = checkName('schema', options.schema ?? DEFAULT_SCHEMA);
    this.types = options.types === undefined ? undefined : mergeEventTypes(options.types);
    this.#inline = options.inline ?? [];
    this.#ids = options.ids ?? ulids;
  }

  /**
   * Appends events to a stream, all or none, in the executor's transaction (of a pool: in one of its own). The same events
   * with the same ids again give the first result.
   * @throws MillraceError `eventstore.wrong_version`, `.event_id_taken`, `.event_invalid`, `.unknown_event_type`, `.no_transaction`,
   *   `.not_migrated`. After `wrong_version` the transaction can go on; after `event_id_taken` it may have to be rolled back.
   */
  async append<Event extends DomainEvent = DomainEvent>(
    executor: Executor,
    streamId: string,
    events: readonly NewEvent<Event>[],
    options: AppendOptions = {},
  ): Promise<AppendResult> {
    const { expectedVersion = 'any', metadata } = options;
    const prepared = prepareEvents(events, { types: this.types, ids: this.#ids, metadata });
    const append = (tx: Executor): Promise<AppendResult> =>
      appendPrepared(tx, this.schema, streamId, expectedVersion, prepared);
    if (this.#inline.length === 0) return await append(executor);
    const withInline = async (tx: Executor): Promise<AppendResult> => {
      const result = await append(tx);
      if (!result.repeated) await applyInline(tx, this.#inline, await this.#written(tx, streamId, result, prepared));
      return result;
    };
    if (isPool(executor)) return await inTransaction(executor, withInline);
    await requireTransaction(executor);
    return await withInline(executor);
  }

  /**
   * Reads a stream, lets `decide` say which events follow, and appends them at the version that was read. When somebody else was
   * faster, all of it again, at most 10 times. `decide` may run several times, so it does nothing else.
   * @throws MillraceError `eventstore.wrong_version` when the stream never came to rest; what `decide` throws
   */
  async handle<Event extends DomainEvent>(
    executor: Executor,
    streamId: string,
    decide: (events: readonly StoredEvent<Event>[], version: number) => Decision<Event> | Promise<Decision<Event>>,
    options: Omit<AppendOptions, 'expectedVersion'> = {},
  ): Promise<AppendResult | undefined> {
    return await this.retryOnConflict(async () => {
      const past: StoredEvent<Event>[] = [];
      for await (const event of this.readStream<Event>(executor, streamId)) past.push(event);
      const expectedVersion = past.length;
      const decided = await decide(past, expectedVersion);
      if (decided.length === 0) return undefined;
      return await this.append(executor, streamId, decided, { ...options, expectedVersion });
    });
  }

  /** Runs `attempt` again while it fails with `eventstore.wrong_version`, at most 10 times in all. */
  async retryOnConflict<T>(attempt: () => Promise<T>): Promise<T> {
    for (let count = 1; ; count++) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof MillraceError) || error.code !== WrongVersion || count === ATTEMPTS_MAX) throw error;
      }
    }
  }

  /** A stream's events, fetched in pages. Of a stream that is not there: none. */
  readStream<Event extends DomainEvent = DomainEvent>(
    executor: Executor,
    streamId: string,
    options: ReadStreamOptions = {},
  ): AsyncGenerator<StoredEvent<Event>> {
    return readStream<Event>(this.#from(executor), streamId, options);
  }

  /**
   * Everything that is committed when reading begins, by position, fetched in pages. It ends there: to go on with what comes, use
   * a subscription. Reading on from the last position would miss what is committed late.
   */
  readAll<Event extends DomainEvent = DomainEvent>(
    executor: Executor,
    options: ReadAllOptions = {},
  ): AsyncGenerator<StoredEvent<Event>> {
    return readAll<Event>(this.#from(executor), options);
  }

  /** The same of one category: the streams whose ids begin with `category-`. */
  readCategory<Event extends DomainEvent = DomainEvent>(
    executor: Executor,
    category: string,
    options: Omit<ReadAllOptions, 'categories'> = {},
  ): AsyncGenerator<StoredEvent<Event>> {
    return this.readAll<Event>(executor, { ...options, categories: [category] });
  }

  /** Whether an event with this id is in the store. */
  async hasEvent(executor: Executor, id: string): Promise<boolean> {
    const { rows } = await executor.query(`SELECT FROM ${quoteName(this.schema)}.events WHERE event_id = $1`, [id]);
    return rows.length > 0;
  }

  #from(executor: Executor) {
    return { executor, schema: this.schema, types: this.types };
  }

  /** The events just appended, as a reader sees them. */
  async #written(
    tx: Executor,
    streamId: string,
    { version }: AppendResult,
    { length }: readonly PreparedEvent[],
  ): Promise<readonly StoredEvent[]> {
    const written: StoredEvent[] = [];
    const options = { from: version - length + 1, limit: length };
    for await (const event of this.readStream(tx, streamId, options)) written.push(event);
    return written;
  }
}
