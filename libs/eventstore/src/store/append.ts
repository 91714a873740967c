import { type IdSource, MillraceError } from '@millrace/kernel';
import { DefinitionInvalid, EventIdTaken, NotMigrated, WrongVersion } from '../errors.ts';
import { categoryOf, type EventMetadata, type NewEvent } from '../events/event.ts';
import type { EventTypes } from '../events/event-types.ts';
import { quoteName } from '../schema/names.ts';
import type { Executor } from './executor.ts';

/** More belongs into several appends, or into an event that says it all. */
const EVENTS_PER_APPEND_MAX = 10_000;
const ID_CHARS_MAX = 255;

/** SQLSTATE that `append_events` raises. */
const PARTLY_THERE = 'MR001';
const UNDEFINED_FUNCTION = '42883';
const UNDEFINED_SCHEMA = '3F000';
/** The version was taken by a transaction that this one, at a stricter isolation level, cannot see. */
const UNIQUE_VIOLATION = '23505';

/**
 * What the stream must look like for an append to happen: at this version, not there (`none`, the same as 0), there (`exists`), or
 * whatever it is (`any`).
 */
export type ExpectedVersion = number | 'none' | 'exists' | 'any';

export interface AppendOptions {
  /** Default `any`. */
  readonly expectedVersion?: ExpectedVersion | undefined;
  /** Put into each of the events; what an event says itself goes first. */
  readonly metadata?: EventMetadata | undefined;
}

export interface AppendResult {
  /** Version of the last event of this append. */
  readonly version: number;
  /** Its position. */
  readonly position: number;
  /** The same events were here already: nothing was added. */
  readonly repeated: boolean;
}

interface AppendRow {
  readonly outcome: 'appended' | 'repeated' | 'id_taken' | 'conflict';
  readonly current_version: string | number;
  readonly last_position: string | number | null;
}

/** An event as `append_events` takes it. */
export interface PreparedEvent {
  readonly id: string;
  readonly type: string;
  readonly v: number;
  readonly data: unknown;
  readonly metadata: EventMetadata;
}

/** Checks events and gives them ids. @throws MillraceError `eventstore.event_invalid`, `.unknown_event_type`, `.definition_invalid` */
export function prepareEvents(
  events: readonly NewEvent[],
  options: {
    readonly types: EventTypes | undefined;
    readonly ids: IdSource;
    readonly metadata: EventMetadata | undefined;
  },
): readonly PreparedEvent[] {
  if (events.length === 0 || events.length > EVENTS_PER_APPEND_MAX) {
    throw invalid(`an append has 1 to ${EVENTS_PER_APPEND_MAX} events, not ${events.length}`, '');
  }
  const { types, ids, metadata } = options;
  const seen = new Set<string>();
  return events.map((event, index) => {
    const pointer = `/${index}`;
    const id = event.id ?? ids.next();
    if (id === '' || id.length > ID_CHARS_MAX || seen.has(id)) {
      throw invalid(`the event id "${id.slice(0, 40)}" is empty, too long or there twice`, `${pointer}/id`);
    }
    seen.add(id);
    return {
      id,
      type: event.type,
      v: types?.versionOf(event.type, pointer) ?? 1,
      data: (types === undefined ? event.data : types.check(event.type, event.data, pointer)) ?? null,
      metadata: metadata === undefined ? (event.metadata ?? {}) : { ...metadata, ...event.metadata },
    };
  });
}

/** Appends in one round trip. @throws MillraceError `eventstore.wrong_version`, `.event_id_taken`, `.not_migrated` */
export async function appendPrepared(
  executor: Executor,
  schema: string,
  streamId: string,
  expected: ExpectedVersion,
  events: readonly PreparedEvent[],
): Promise<AppendResult> {
  if (streamId === '' || streamId.length > ID_CHARS_MAX) {
    throw invalid(`a stream id has 1 to ${ID_CHARS_MAX} characters`, '/streamId');
  }
  const { rows } = await withCodes(schema, streamId, () =>
    executor.query(`SELECT * FROM ${quoteName(schema)}.append_events($1, $2, $3, $4)`, [
      streamId,
      categoryOf(streamId),
      expectedNumber(expected),
      JSON.stringify(events),
    ]),
  );
  const [row] = rows as readonly AppendRow[];
  const version = Number(row!.current_version);
  switch (row!.outcome) {
    case 'appended':
    case 'repeated':
      return { version, position: Number(row!.last_position), repeated: row!.outcome === 'repeated' };
    case 'id_taken':
      throw idTaken(streamId);
    case 'conflict':
      throw wrongVersion(streamId, expected, version);
  }
}

function expectedNumber(expected: ExpectedVersion): number {
  if (expected === 'any') return -1;
  if (expected === 'exists') return -2;
  if (expected === 'none') return 0;
  if (Number.isSafeInteger(expected) && expected >= 0) return expected;
  throw invalid(
    `expectedVersion is a whole number from 0, 'none', 'exists' or 'any', not ${expected}`,
    '/expectedVersion',
  );
}

async function withCodes<T>(schema: string, streamId: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const { code, constraint } = error as { code?: string; constraint?: string };
    if (code === PARTLY_THERE || (code === UNIQUE_VIOLATION && constraint === 'events_id_key')) {
      throw idTaken(streamId, error);
    }
    if (code === UNIQUE_VIOLATION && constraint === 'events_version_key') {
      throw new MillraceError(
        WrongVersion,
        {
          message: `stream "${streamId}" got events that this transaction cannot see`,
          mend: 'Roll back and try again; a transaction of isolation level "read committed" sees them.',
          details: { streamId },
        },
        { cause: error },
      );
    }
    if (code !== UNDEFINED_FUNCTION && code !== UNDEFINED_SCHEMA) throw error;
    throw notMigrated(schema, error);
  }
}

export const notMigrated = (schema: string, cause: unknown): MillraceError =>
  new MillraceError(
    NotMigrated,
    {
      message: `the event store's schema "${schema}" is not there, or of an older version`,
      mend: 'Run `migrate(pool)`, or the SQL that `migrationSql()` prints.',
    },
    { cause },
  );

const wrongVersion = (streamId: string, expected: ExpectedVersion, actual: number): MillraceError =>
  new MillraceError(WrongVersion, {
    message: `stream "${streamId}" is at version ${actual}, expected was ${expected}`,
    mend: 'Read the stream again and decide anew; `handle` does that by itself.',
    details: { streamId, expectedVersion: expected, actualVersion: actual },
  });

const idTaken = (streamId: string, cause?: unknown): MillraceError =>
  new MillraceError(
    EventIdTaken,
    {
      message: `some events for stream "${streamId}" have ids that are in the store already, but not as this append`,
      mend: 'Append the very same events again (that is harmless), or give new ones new ids.',
      details: { streamId },
    },
    cause === undefined ? undefined : { cause },
  );

const invalid = (message: string, pointer: string): MillraceError =>
  new MillraceError(DefinitionInvalid, { message, mend: 'Correct the call.', pointer });
