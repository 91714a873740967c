/** What an event says besides its data. Names that are not listed are the user's own. */
export interface EventMetadata {
  /** What all this began with: the same through a whole chain of commands and events. */
  readonly correlationId?: string | undefined;
  /** Id of the event or command that led to this one. */
  readonly causationId?: string | undefined;
  /** Who did it. */
  readonly actor?: string | undefined;
  readonly tenant?: string | undefined;
  /** W3C trace context. https://www.w3.org/TR/trace-context/ */
  readonly traceparent?: string | undefined;
  readonly [name: string]: unknown;
}

/** A domain event: what happened, by name, and the facts about it as JSON. */
export interface DomainEvent<Type extends string = string, Data = unknown> {
  readonly type: Type;
  readonly data: Data;
}

/** An event to append. Without an id it gets one; with one, appending it again is harmless. */
export type NewEvent<Event extends DomainEvent = DomainEvent> = Event & {
  readonly id?: string | undefined;
  readonly metadata?: EventMetadata | undefined;
};

/** Where and when an event was recorded. */
export interface Recorded {
  readonly id: string;
  readonly streamId: string;
  /** Place in its stream, from 1. */
  readonly version: number;
  /** Grows with each append. Gaps are usual, and a lower one may be committed after a higher one: never read on "after the last position". */
  readonly position: number;
  readonly metadata: EventMetadata;
  readonly recordedAt: Date;
}

/** An event as it is read: its data as the newest schema version has it. */
export type StoredEvent<Event extends DomainEvent = DomainEvent> = Event & Recorded;

/** `cart` of `cart-42`: what comes before the first dash. A stream without one is its own category. */
export function categoryOf(streamId: string): string {
  const dash = streamId.indexOf('-');
  return dash < 0 ? streamId : streamId.slice(0, dash);
}
