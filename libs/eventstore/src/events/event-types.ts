import { MillraceError, suggestNames } from '@millrace/kernel';
import type { z } from 'zod';
import { DefinitionInvalid, EventInvalid, EventTooNew, UnknownEventType } from '../errors.ts';

/** One type of event: the schema of its data, and how data of older versions becomes data of this one. */
export interface EventDefinition<Schema extends z.ZodType = z.ZodType> {
  /** Checked when the event is appended; what it returns is stored, so that must be JSON. */
  readonly schema: Schema;
  /** Counted up when the data changes its shape. Default 1. */
  readonly version?: number;
  /** `{ 1: (data) => … }` makes data of version 2 from data of version 1, and so on up to `version`. */
  readonly upcast?: Readonly<Record<number, (data: never) => unknown>>;
}

export type EventDefinitions = Readonly<Record<string, EventDefinition>>;

/** The event type `Name` of these types. */
export type EventOf<Types extends EventTypes<EventDefinitions>, Name extends string> =
  Types extends EventTypes<infer Definitions>
    ? Name extends keyof Definitions
      ? { readonly type: Name; readonly data: z.output<Definitions[Name]['schema']> }
      : never
    : never;

/** All events of these types, told apart by `type`. */
export type EventsOf<Types extends EventTypes<EventDefinitions>> =
  Types extends EventTypes<infer Definitions>
    ? { [Name in keyof Definitions & string]: EventOf<Types, Name> }[keyof Definitions & string]
    : never;

/**
 * A set of event types.
 * @throws MillraceError `eventstore.definition_invalid`: a version without an upcaster to the next.
 */
export function eventTypes<const Definitions extends EventDefinitions>(
  definitions: Definitions,
): EventTypes<Definitions> {
  return new EventTypes(definitions);
}

export class EventTypes<Definitions extends EventDefinitions = EventDefinitions> {
  readonly definitions: Definitions;

  constructor(definitions: Definitions) {
    this.definitions = definitions;
    for (const [type, { version = 1, upcast = {} }] of Object.entries(definitions)) {
      const missing = Array.from({ length: version - 1 }, (_, index) => index + 1).filter((from) => !(from in upcast));
      if (Number.isInteger(version) && version >= 1 && missing.length === 0) continue;
      throw new MillraceError(DefinitionInvalid, {
        message: `event type "${type}" is at version ${version} and has no upcaster from version ${missing.join(', ')}`,
        mend: 'Give "upcast" a function for each older version: events of that version may be in the store.',
        pointer: `/${type}/upcast`,
      });
    }
  }

  get names(): readonly string[] {
    return Object.keys(this.definitions);
  }

  /** Version that is written. @throws MillraceError `eventstore.unknown_event_type` */
  versionOf(type: string, pointer: string): number {
    return this.#get(type, pointer).version ?? 1;
  }

  /**
   * Data as it will be stored.
   * @param pointer of the event in what the caller passed
   * @throws MillraceError `eventstore.unknown_event_type`, `eventstore.event_invalid` with a pointer to the field
   */
  check(type: string, data: unknown, pointer: string): unknown {
    const result = this.#get(type, pointer).schema.safeParse(data);
    if (result.success) return result.data;
    const [issue] = result.error.issues;
    const path = (issue?.path ?? []).map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`);
    throw new MillraceError(EventInvalid, {
      message: `data of "${type}" does not fit its schema: ${issue?.message ?? 'invalid'}`,
      mend: 'Append data that fits, or change the schema: then count "version" up and write an upcaster.',
      pointer: `${pointer}/data${path.join('')}`,
      details: { type, issues: result.error.issues.length },
    });
  }

  /** Data of an older version as the newest has it. @throws MillraceError `eventstore.event_too_new`, `.unknown_event_type` */
  upcast(type: string, version: number, data: unknown): unknown {
    const { version: newest = 1, upcast } = this.#get(type);
    if (version === newest) return data;
    if (version > newest) {
      throw new MillraceError(EventTooNew, {
        message: `an event "${type}" has schema version ${version}; this program knows ${newest}`,
        mend: 'Deploy the program that writes this version to all readers first.',
      });
    }
    let current = data;
    for (let from = version; from < newest; from++) current = upcast![from]!(current as never);
    return current;
  }

  has(type: string): boolean {
    return Object.hasOwn(this.definitions, type);
  }

  #get(type: string, pointer = ''): EventDefinition {
    if (this.has(type)) return this.definitions[type]!;
    throw new MillraceError(UnknownEventType, {
      message: `there is no event type "${type}"`,
      mend: suggestNames('event type', type, this.names),
      pointer: `${pointer}/type`,
    });
  }
}

/** Several sets as one. @throws MillraceError `eventstore.definition_invalid` when a type is in two of them. */
export function mergeEventTypes(sets: readonly EventTypes[]): EventTypes {
  const all: Record<string, EventDefinition> = {};
  for (const { definitions } of sets) {
    for (const [type, definition] of Object.entries(definitions)) {
      if (type in all && all[type] !== definition) {
        throw new MillraceError(DefinitionInvalid, {
          message: `event type "${type}" is defined twice`,
          mend: 'Types are known by name in the whole store: rename one of them.',
        });
      }
      all[type] = definition;
    }
  }
  return new EventTypes(all);
}
