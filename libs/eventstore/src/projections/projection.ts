import { MillraceError } from '@millrace/kernel';
import type { z } from 'zod';
import { DefinitionInvalid } from '../errors.ts';
import type { DomainEvent, StoredEvent } from '../events/event.ts';
import type { EventDefinitions, EventTypes } from '../events/event-types.ts';
import { checkName } from '../schema/names.ts';
import type { Executor } from '../store/executor.ts';

/** Events given to handlers in one transaction at most. */
const BATCH_EVENTS_DEFAULT = 1_000;
const BATCH_EVENTS_MAX = 10_000;

/** What a handler works with. */
export interface ProjectionContext {
  /** The transaction that also holds the progress: what is written through it happens exactly once. */
  readonly tx: Executor;
  /** Quoted name of one of the projection's tables. During a rebuild it is that of the new one, so write it nowhere else. */
  readonly table: (name: string) => string;
}

/** What happens with an event whose handler fails again and again: the projection stops there, or the event is set aside with the reason. */
export type ErrorPolicy = 'stop' | 'park';

type Handler<Event extends DomainEvent> = (event: StoredEvent<Event>, context: ProjectionContext) => unknown;

/** Handlers by event type; an event without one is passed over. */
export type Handlers<Definitions extends EventDefinitions> = {
  readonly [Type in keyof Definitions & string]?: Handler<{
    readonly type: Type;
    readonly data: z.output<Definitions[Type]['schema']>;
  }>;
};

export interface ProjectionOptions<Definitions extends EventDefinitions> {
  readonly name: string;
  /** Counted up when tables or handlers change what they hold: the projection is then rebuilt beside the old one, and swapped. */
  readonly version: number;
  /** Event types it reads. */
  readonly types: EventTypes<Definitions>;
  /** Only streams of these categories. */
  readonly categories?: readonly string[] | undefined;
  /** Its tables: the SQL that makes each, under the quoted name it is given. Readers use a view with the name here. */
  readonly tables: Readonly<Record<string, (table: string) => string>>;
  /** Schema of tables and views. Default `public`. */
  readonly schema?: string | undefined;
  readonly on?: Handlers<Definitions> | undefined;
  /** Instead of `on`: all events of a transaction at once, in order, for projections that write many rows with one statement. */
  readonly onBatch?: ((events: readonly StoredEvent[], context: ProjectionContext) => unknown) | undefined;
  /** Default: `stop` while live, `stop` during a rebuild. */
  readonly onError?: { readonly live?: ErrorPolicy; readonly rebuild?: ErrorPolicy } | undefined;
  /** Events in one transaction at most. Default 1,000. */
  readonly batchEvents?: number | undefined;
}

/** A read model: tables made of events. */
export interface Projection {
  readonly name: string;
  readonly version: number;
  readonly schema: string;
  readonly tables: Readonly<Record<string, (table: string) => string>>;
  readonly categories: readonly string[] | undefined;
  readonly eventTypes: readonly string[];
  readonly onError: { readonly live: ErrorPolicy; readonly rebuild: ErrorPolicy };
  readonly batchEvents: number;
  /** Applies events in order. */
  apply(events: readonly StoredEvent[], context: ProjectionContext): Promise<void>;
}

/** @throws MillraceError `eventstore.definition_invalid` */
export function projection<const Definitions extends EventDefinitions>(
  options: ProjectionOptions<Definitions>,
): Projection {
  const { name, version, on, onBatch, batchEvents = BATCH_EVENTS_DEFAULT } = options;
  checkName('projection', name);
  for (const table of Object.keys(options.tables)) checkName('table', table);
  const refuse = (message: string, mend: string): never => {
    throw new MillraceError(DefinitionInvalid, { message: `projection "${name}" ${message}`, mend });
  };
  if (!Number.isInteger(version) || version < 1) refuse('has no version', 'Versions are whole numbers from 1.');
  if ((on === undefined) === (onBatch === undefined)) refuse('has both or neither of "on" and "onBatch"', 'Give one.');
  if (batchEvents < 1 || batchEvents > BATCH_EVENTS_MAX) {
    refuse('has a wrong "batchEvents"', `Between 1 and ${BATCH_EVENTS_MAX}.`);
  }
  const handlers = on as Readonly<Record<string, Handler<DomainEvent> | undefined>> | undefined;
  return {
    name,
    version,
    schema: options.schema ?? 'public',
    tables: options.tables,
    categories: options.categories,
    eventTypes: handlers === undefined ? options.types.names : Object.keys(handlers),
    onError: { live: options.onError?.live ?? 'stop', rebuild: options.onError?.rebuild ?? 'stop' },
    batchEvents,
    async apply(events, context) {
      if (handlers === undefined) await onBatch!(events, context);
      else for (const event of events) await handlers[event.type]?.(event, context);
    },
  };
}
