import type { DomainEvent, EventMetadata, NewEvent } from '../events/event.ts';
import { checkName } from '../schema/names.ts';
import type { AppendResult } from '../store/append.ts';
import type { EventStore } from '../store/event-store.ts';
import type { Executor } from '../store/executor.ts';
import { asList, type Decider } from './decider.ts';
import { loadSnapshot, type SnapshotKey, saveSnapshot } from './snapshots.ts';

export interface AggregateOptions<State, Command, Event extends DomainEvent> extends Decider<State, Command, Event> {
  /** Name of the aggregate and category of its streams: `cart` has `cart-42`. */
  readonly name: string;
  /** Counted up when `State` or `evolve` changes: older snapshots are then not used any more. Default 1. */
  readonly version?: number | undefined;
  /** A snapshot each time so many events have come. Default: none. The state must be JSON. */
  readonly snapshotEvery?: number | undefined;
}

/** An aggregate as it is now. */
export interface Loaded<State> {
  readonly state: State;
  /** Version of its stream, 0 when nothing has happened yet. */
  readonly version: number;
}

export interface Handled<State> extends Loaded<State> {
  /** What was appended, if anything. */
  readonly appended: AppendResult | undefined;
}

/** What a command carries besides itself. */
export interface HandleOptions {
  /** Its events get the ids `commandId:0`, `commandId:1`, …: a command whose first event is there is not decided again. */
  readonly commandId?: string | undefined;
  readonly metadata?: EventMetadata | undefined;
}

/** A decider over the streams of one category. */
export interface Aggregate<State, Command, Event extends DomainEvent> extends Decider<State, Command, Event> {
  readonly name: string;
  streamId(id: string): string;
  /** State of the aggregate, from its newest snapshot and what came after. */
  load(store: EventStore, executor: Executor, id: string): Promise<Loaded<State>>;
  /**
   * Loads, decides, appends; when somebody else was faster, all of it again.
   * @throws MillraceError as `EventStore.append`; what `decide` throws
   */
  handle(
    store: EventStore,
    executor: Executor,
    id: string,
    command: Command,
    options?: HandleOptions,
  ): Promise<Handled<State>>;
}

/** @throws MillraceError `eventstore.definition_invalid` */
export function aggregate<State, Command, Event extends DomainEvent>(
  options: AggregateOptions<State, Command, Event>,
): Aggregate<State, Command, Event> {
  const { name, version: aggregateVersion = 1, snapshotEvery, initial, decide, evolve } = options;
  checkName('aggregate', name);
  const streamId = (id: string): string => `${name}-${id}`;
  const keyOf = (store: EventStore, id: string): SnapshotKey => ({
    schema: store.schema,
    streamId: streamId(id),
    aggregate: name,
    aggregateVersion,
  });

  async function load(store: EventStore, executor: Executor, id: string): Promise<Loaded<State>> {
    const snapshot = snapshotEvery === undefined ? undefined : await loadSnapshot<State>(executor, keyOf(store, id));
    let state = snapshot?.state ?? initial();
    let version = snapshot?.version ?? 0;
    for await (const event of store.readStream<Event>(executor, streamId(id), { from: version + 1 })) {
      state = evolve(state, event);
      version = event.version;
    }
    return { state, version };
  }

  return {
    name,
    initial,
    decide,
    evolve,
    streamId,
    load,
    handle: (store, executor, id, command, { commandId, metadata } = {}) =>
      store.retryOnConflict(async () => {
        const { state, version } = await load(store, executor, id);
        const isDone = commandId !== undefined && (await store.hasEvent(executor, `${commandId}:0`));
        if (isDone) return { state, version, appended: undefined };
        const decided = asList(decide(command, state));
        if (decided.length === 0) return { state, version, appended: undefined };
        const events: NewEvent<Event>[] = decided.map((event, index) =>
          commandId === undefined ? event : { ...event, id: `${commandId}:${index}` },
        );
        const appended = await store.append<Event>(executor, streamId(id), events, {
          expectedVersion: version,
          metadata,
        });
        const next = { state: decided.reduce(evolve, state), version: appended.version };
        if (
          snapshotEvery !== undefined &&
          Math.floor(version / snapshotEvery) < Math.floor(next.version / snapshotEvery)
        ) {
          await saveSnapshot(executor, keyOf(store, id), next);
        }
        return { ...next, appended };
      }),
  };
}
