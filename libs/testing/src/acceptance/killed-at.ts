import { systemClock } from '@millrace/kernel';

/** Runs steps, and kills this process with SIGKILL at the n-th moment: before, during and after each step. */
export function killedAt(killAt: number): (step: () => Promise<void>) => Promise<void> {
  let moments = 0;
  const isDue = (): boolean => {
    moments += 1;
    return moments === killAt;
  };
  const kill = (): void => void process.kill(process.pid, 'SIGKILL');
  return async (step) => {
    if (isDue()) kill();
    const running = step();
    if (isDue()) {
      // On its way, and perhaps partly there.
      await systemClock.sleep(0);
      kill();
    }
    await running;
    if (isDue()) kill();
  };
}
