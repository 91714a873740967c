import type { FleetProblem, SourceSummary } from '@millrace/sdk/client';
import { StatusBadge } from '../parts/tone.tsx';

/** What is wrong with a source now. */
export function SourceVerdict({
  source: { id, slots, trouble },
  problems,
}: {
  readonly source: SourceSummary;
  readonly problems: readonly FleetProblem[];
}) {
  if (trouble !== null) return <StatusBadge tone="warn">{trouble}</StatusBadge>;
  const own = problems.filter(({ target }) => target.kind === 'source' && target.id === id);
  if (own.length > 0)
    return (
      <>
        {own.map(({ message, severity }) => (
          <div key={message}>
            <StatusBadge tone={severity === 'error' ? 'bad' : 'warn'}>{message}</StatusBadge>
          </div>
        ))}
      </>
    );
  return slots === null ? '—' : <StatusBadge tone="ok">nothing</StatusBadge>;
}
