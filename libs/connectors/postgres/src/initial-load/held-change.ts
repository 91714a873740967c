import type { HeldEvent } from './contract.ts';

/** What a kept event counts beside its tuples. */
const HELD_OVERHEAD_BYTES = 256;

/** A copy that outlives the call it was given in. */
export const copyEvent = (event: HeldEvent): HeldEvent => ({
  ...event,
  before: event.before?.slice(),
  after: event.after?.slice(),
});

/** What kept events count against the limit of what is kept. */
export const heldBytes = (...events: readonly (HeldEvent | undefined)[]): number =>
  events.reduce(
    (sum, event) =>
      event === undefined ? sum : sum + HELD_OVERHEAD_BYTES + (event.before?.length ?? 0) + (event.after?.length ?? 0),
    0,
  );
