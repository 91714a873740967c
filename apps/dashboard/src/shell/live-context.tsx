import { createContext, type ReactNode, use, useMemo, useState } from 'react';

interface Live {
  /** Since when nothing on the page changes by itself; `undefined`: it is live. */
  readonly frozenAt: Date | undefined;
  readonly toggle: () => void;
}

const LiveContext = createContext<Live>({ frozenAt: undefined, toggle: () => {} });

/** Whether pages change by themselves, or are held for reading. */
export function LiveProvider({ children }: { readonly children: ReactNode }) {
  const [frozenAt, setFrozenAt] = useState<Date>();
  const live = useMemo(
    () => ({ frozenAt, toggle: () => setFrozenAt((before) => (before === undefined ? new Date() : undefined)) }),
    [frozenAt],
  );
  return <LiveContext value={live}>{children}</LiveContext>;
}

export const useLiveState = (): Live => use(LiveContext);
