import type { SeededRandom } from '@millrace/testing';

export type Fault =
  | { readonly kind: 'kill-worker' }
  | { readonly kind: 'restart-redis'; readonly signal: 'SIGTERM' | 'SIGKILL' }
  | { readonly kind: 'restart-postgres'; readonly signal: 'SIGINT' | 'SIGKILL' };

export interface ScheduledFault {
  readonly atMs: number;
  readonly fault: Fault;
}

/** The last faults come this long before the end, so that the run ends on a recovered job. */
const QUIET_END_MS = 3_000;

/**
 * Kills at random moments from the very start (the initial load), and each server restarted once in an orderly way and once by
 * SIGKILL, at random moments as well.
 */
export function scheduleFaults(
  kills: number,
  seconds: number,
  serverRestarts: number,
  random: SeededRandom,
): readonly ScheduledFault[] {
  const lastMs = Math.max(1_000, seconds * 1_000 - QUIET_END_MS);
  const somewhen = (): number => 500 + random.next() * (lastMs - 500);
  const faults: ScheduledFault[] = [];
  for (let index = 0; index < kills; index++) faults.push({ atMs: somewhen(), fault: { kind: 'kill-worker' } });
  for (let index = 0; index < serverRestarts; index++) {
    faults.push({
      atMs: somewhen(),
      fault: { kind: 'restart-redis', signal: index % 2 === 0 ? 'SIGTERM' : 'SIGKILL' },
    });
    faults.push({
      atMs: somewhen(),
      fault: { kind: 'restart-postgres', signal: index % 2 === 0 ? 'SIGINT' : 'SIGKILL' },
    });
  }
  return faults.sort((a, b) => a.atMs - b.atMs);
}
