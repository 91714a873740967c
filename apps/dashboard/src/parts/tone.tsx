import { memo, type ReactNode } from 'react';
import styles from './tone.module.css';

/** What a colour means: well, under way, look at it, broken, at rest. */
export type Tone = 'ok' | 'busy' | 'warn' | 'bad' | 'idle';

/** A shape for each, so that nothing is told by colour alone. */
const MARKS: Readonly<Record<Tone, ReactNode>> = {
  ok: <circle cx="5" cy="5" r="4.5" fill="currentColor" />,
  busy: <circle cx="5" cy="5" r="3.75" fill="none" stroke="currentColor" strokeWidth="1.5" strokeDasharray="5 3" />,
  warn: <path d="M5 .5 9.8 9.5H.2Z" fill="currentColor" />,
  bad: <path d="M.8.8h8.4v8.4H.8Z" fill="currentColor" />,
  idle: <path d="M1.5 1h2.5v8H1.5ZM6 1h2.5v8H6Z" fill="currentColor" />,
};

/** A state in a word, with its mark. */
export const StatusBadge = memo(function StatusBadge({
  tone,
  children,
}: {
  readonly tone: Tone;
  readonly children: ReactNode;
}) {
  return (
    <span className={`${styles['badge']} ${styles[tone]}`}>
      <svg className={styles['mark']} viewBox="0 0 10 10" aria-hidden="true">
        {MARKS[tone]}
      </svg>
      {children}
    </span>
  );
});

/** A paragraph with the colour of its state at its side. */
export function ToneBox({
  tone,
  children,
  role,
}: {
  readonly tone: Tone;
  readonly children: ReactNode;
  readonly role?: string;
}) {
  return (
    <div className={`${styles['box']} ${styles[tone]}`} role={role}>
      {children}
    </div>
  );
}
