import type { CronPattern } from './cron.ts';

/** Ticks that are counted as missed; of a pattern for every minute, two weeks. */
const MISSED_COUNTED_MAX = 20_000;

/** The last tick that has come by now, and how many of those from `next` on came before it. */
export function dueTick(
  pattern: Pick<CronPattern, 'next' | 'before'>,
  next: Date,
  now: Date,
): { readonly tick: Date; readonly missedBefore: number } {
  // The tick that is due stands even where the pattern has none there, such as after the time zone's rules have changed.
  const last = pattern.before(new Date(now.getTime() + 1));
  if (last === undefined || last <= next) return { tick: next, missedBefore: 0 };
  let missedBefore = 0;
  for (let tick: Date | null = next; tick !== null && tick < last && missedBefore < MISSED_COUNTED_MAX; missedBefore++)
    tick = pattern.next(tick);
  return { tick: last, missedBefore };
}
