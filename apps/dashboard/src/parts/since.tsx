import { dateAndTime, duration } from './formats.ts';

const SECOND_MS = 1_000;

/** To the second: nobody reads tenths that change every second. */
const words = (ms: number): string => (ms < 10 * SECOND_MS ? `${Math.round(ms / SECOND_MS)} s` : duration(ms));

import { useNow } from './use-now.ts';

/** How long ago; the moment itself on hover and for machines. */
export function Since({ at, ago = false }: { readonly at: string | number; readonly ago?: boolean }) {
  const then = new Date(at);
  const now = useNow();
  const ms = Math.max(0, now - then.getTime());
  return (
    <time dateTime={then.toISOString()} title={dateAndTime(then)}>
      {words(ms)}
      {ago ? ' ago' : ''}
    </time>
  );
}
