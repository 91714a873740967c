import { parseLsn } from '@millrace/formats';
import type { Progress } from '../dialect.ts';

/** A row of `millrace_progress` as the sink means it. */
export function progressOf(
  commitLsn: string | null,
  eventIndex: string | number | null,
  snapshotId: string | number | null,
): Progress {
  const isPosition = commitLsn !== null && eventIndex !== null;
  return {
    position: isPosition ? { commitLsn: parseLsn(commitLsn), index: Number(eventIndex) } : undefined,
    snapshotId: snapshotId === null ? undefined : Number(snapshotId),
  };
}
