import { createContext, use, useRef } from 'react';
import { useLiveState } from '../shell/live-context.tsx';

/** To the second. One clock for everybody: two hundred timers would draw the page two hundred times a second. */
export const NowContext = createContext(new Date(0));

/** Whether the clock stands still for what is inside: nobody sees it. */
export const StandsStill = createContext(false);

/** The wall clock, a second at a time; it stands still while the page is frozen. */
export function useNow(): number {
  const { frozenAt } = useLiveState();
  const isStill = use(StandsStill);
  const last = useRef<Date>(undefined);
  // What stands still does not even listen.
  if (last.current === undefined || !isStill) last.current = use(NowContext);
  return (frozenAt ?? last.current).getTime();
}
