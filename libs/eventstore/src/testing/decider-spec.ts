import { deepStrictEqual, match, ok } from 'node:assert/strict';
import { asList, type Decider } from '../aggregates/decider.ts';
import type { DomainEvent } from '../events/event.ts';

/** What a command should have led to. Each throws an `AssertionError` when it did not. */
export interface DeciderOutcome<Event extends DomainEvent> {
  /** Exactly these events, in this order. */
  then(events: Event | readonly Event[]): void;
  /** No event: nothing changes. */
  thenNothing(): void;
  /** It was refused: by an error of this class, or with a message that contains the text or matches. */
  thenThrows(expected?: string | RegExp | (new (...args: never[]) => Error)): void;
}

export interface DeciderWhen<Command, Event extends DomainEvent> {
  when(command: Command): DeciderOutcome<Event>;
}

/**
 * Tests of a decider (or aggregate) read as sentences: `given([…]).when(command).then([…])`. No database, nothing to wait for.
 * @returns `given`, for the events that have happened
 */
export function specify<State, Command, Event extends DomainEvent>(
  decider: Decider<State, Command, Event>,
): (events?: Event | readonly Event[]) => DeciderWhen<Command, Event> {
  return (events = []) => ({
    when(command) {
      const state = asList(events).reduce(decider.evolve, decider.initial());
      const decide = (): readonly Event[] => asList(decider.decide(command, state));
      return {
        // biome-ignore lint/suspicious/noThenProperty: given, when, then; nobody awaits the sentence
        then: (expected) => deepStrictEqual(decide(), [...asList(expected)]),
        thenNothing: () => deepStrictEqual(decide(), []),
        thenThrows: (expected) => refused(decide, expected),
      };
    },
  });
}

function refused(
  decide: () => unknown,
  expected: string | RegExp | (new (...args: never[]) => Error) | undefined,
): void {
  let thrown: unknown;
  let isRefused = false;
  try {
    decide();
  } catch (error) {
    thrown = error;
    isRefused = true;
  }
  ok(isRefused, 'the command was not refused');
  if (expected === undefined) return;
  if (typeof expected === 'function') {
    ok(thrown instanceof expected, `it was refused by ${String(thrown)}, not by ${expected.name}`);
    return;
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (typeof expected === 'string')
    ok(message.includes(expected), `it was refused with "${message}", not "${expected}"`);
  else match(message, expected);
}
