import { createContext, use, useSyncExternalStore } from 'react';
import { useLiveState } from '../shell/live-context.tsx';

const TICK_MS = 1_000;

/** One clock for everybody: two hundred timers would draw the page two hundred times a second. */
const listeners = new Set<() => void>();
let nowMs = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function tick(): void {
  nowMs = Date.now();
  for (const listener of listeners) listener();
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === undefined) {
    nowMs = Date.now();
    timer = setInterval(tick, TICK_MS);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

const never = (): (() => void) => () => {};

/** Whether the clock stands still for what is inside: nobody sees it. */
export const StandsStill = createContext(false);

/** The wall clock, a second at a time; it stands still while the page is frozen. */
export function useNow(): number {
  const { frozenAt } = useLiveState();
  const isStill = use(StandsStill);
  const now = useSyncExternalStore(isStill ? never : listen, () => nowMs);
  return frozenAt?.getTime() ?? now;
}
