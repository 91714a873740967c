import { useInterval } from '@mantine/hooks';
import { type ReactNode, useState } from 'react';
import { NowContext } from '../parts/use-now.ts';

const TICK_MS = 1_000;

/** Winds the clock that `useNow` reads. */
export function NowProvider({ children }: { readonly children: ReactNode }) {
  const [now, setNow] = useState(() => new Date());
  useInterval(() => setNow(new Date()), TICK_MS, { autoInvoke: true });
  return <NowContext value={now}>{children}</NowContext>;
}
