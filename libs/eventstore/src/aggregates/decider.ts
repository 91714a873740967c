import type { DomainEvent } from '../events/event.ts';

/** The logic of an aggregate, without a database: what is, what may happen, what follows. */
export interface Decider<State, Command, Event extends DomainEvent> {
  /** State before the first event. */
  readonly initial: () => State;
  /** Events that follow from a command, none when nothing changes. Throws when the command is refused. Nothing else happens here. */
  readonly decide: (command: Command, state: State) => Event | readonly Event[];
  /** State after an event. Never refuses: it has happened. */
  readonly evolve: (state: State, event: Event) => State;
}

/** Types a decider; nothing more. */
export const decider = <State, Command, Event extends DomainEvent>(
  definition: Decider<State, Command, Event>,
): Decider<State, Command, Event> => definition;

export const asList = <Event extends DomainEvent>(decided: Event | readonly Event[]): readonly Event[] =>
  Array.isArray(decided) ? (decided as readonly Event[]) : [decided as Event];
