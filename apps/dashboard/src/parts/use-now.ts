import { useInterval } from '@mantine/hooks';
import { useState } from 'react';
import { useLiveState } from '../shell/live-context.tsx';

const TICK_MS = 1_000;

/** The wall clock, a second at a time; it stands still while the page is frozen. */
export function useNow(): number {
  const { frozenAt } = useLiveState();
  const [now, setNow] = useState(() => new Date());
  useInterval(() => setNow(new Date()), TICK_MS, { autoInvoke: true });
  return (frozenAt ?? now).getTime();
}
