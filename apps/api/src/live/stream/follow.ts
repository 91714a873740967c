import { type ErrorRecord, InternalError, toErrorRecord } from '@millrace/kernel';
import type { EventStream, StreamEvent } from './event-stream.ts';
import type { SharedPoll } from './shared-poll.ts';

/**
 * Sends what changes from state to state to one viewer, until he leaves. `changes` is told each state that the viewer has time for, so what a slow
 * one gets is always the difference to what he got last.
 */
export function follow<State>(
  poll: SharedPoll<State>,
  stream: EventStream,
  changes: (state: State) => readonly StreamEvent[],
): void {
  let newest: State | undefined;
  let lastError: string | undefined;
  const send = (): void => {
    if (newest === undefined || !stream.isReady) return;
    const state = newest;
    newest = undefined;
    for (const event of changes(state)) stream.send(event);
  };
  stream.onReady = send;
  const leave = poll.subscribe((polled) => {
    if ('error' in polled) {
      const data = JSON.stringify(troubleOf(toErrorRecord(polled.error)));
      if (data !== lastError && stream.isReady) stream.send({ event: 'trouble', data });
      lastError = data;
      return;
    }
    lastError = undefined;
    newest = polled.state;
    send();
  });
  stream.whenEnded(leave);
}

/** Of our own failures nothing is said: the log has them. */
function troubleOf({ code, domain, message, mend }: ErrorRecord) {
  if (domain === 'internal') return { code: InternalError.code, message: InternalError.title };
  return { code, message, mend };
}
