import { Button } from '@mantine/core';
import { IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react';
import { timeOfDay } from '../parts/formats.ts';
import { useLiveState } from './live-context.tsx';
import styles from './shell.module.css';

/** Holds what the page shows, for reading; what it shows is then as of the moment it was frozen. */
export function Freeze() {
  const { frozenAt, toggle } = useLiveState();
  const isFrozen = frozenAt !== undefined;
  return (
    <Button
      variant={isFrozen ? 'filled' : 'default'}
      size="compact-sm"
      className={styles['freeze']!}
      aria-pressed={isFrozen}
      leftSection={isFrozen ? <IconPlayerPlay size={13} /> : <IconPlayerPause size={13} />}
      onClick={toggle}
      title={isFrozen ? 'The page stands still; go on' : 'Hold what the page shows'}
    >
      <span className={styles['words']}>{isFrozen ? `Frozen at ${timeOfDay(frozenAt)}` : 'Freeze'}</span>
    </Button>
  );
}
