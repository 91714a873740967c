import type { EventList } from './event-list.ts';

/** Events `from` (inclusive) to `to` (exclusive) that must be committed together. */
export interface EventRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Splits events where no source transaction is cut. Rows of the initial load may stand inside a transaction; they go with it.
 * Outside, neighbours of the load are one range.
 */
export function sourceTransactions(events: EventList): readonly EventRange[] {
  const last = new Map<bigint, number>();
  for (let event = 0; event < events.length; event++) {
    const transaction = events.transaction(event);
    if (transaction !== undefined && !events.isLoading(event)) last.set(transaction.commitLsn, event);
  }
  const ranges: EventRange[] = [];
  for (let from = 0; from < events.length; ) {
    const lsn = events.transaction(from)?.commitLsn;
    let to = from + 1;
    while (to < events.length && events.transaction(to)?.commitLsn === lsn) to += 1;
    if (lsn !== undefined) to = Math.max(to, (last.get(lsn) ?? -1) + 1);
    ranges.push({ from, to });
    from = to;
  }
  return ranges;
}
