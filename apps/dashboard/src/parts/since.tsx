import { dateAndTime, duration } from './formats.ts';
import { useNow } from './use-now.ts';

/** How long ago; the moment itself on hover and for machines. */
export function Since({ at, ago = false }: { readonly at: string | number; readonly ago?: boolean }) {
  const then = new Date(at);
  const now = useNow();
  const ms = Math.max(0, now - then.getTime());
  return (
    <time dateTime={then.toISOString()} title={dateAndTime(then)}>
      {duration(ms < 10_000 ? Math.round(ms / 1_000) * 1_000 : ms)}
      {ago ? ' ago' : ''}
    </time>
  );
}
