import { systemClock } from '@millrace/kernel';
import { type Killed, runScenario } from './scenario.ts';

/**
 * Runs the scenario and kills itself with SIGKILL at the n-th moment: before, during and after each write, prepare, commit record and commit.
 * Argument: `Killed` as JSON. Exit code 0 when there were fewer moments.
 */
const { module, killAt, ...scenario } = JSON.parse(process.argv[2]!) as Killed;
const loaded = (await import(module.url)) as Readonly<Record<string, never>>;

let moments = 0;
const isDue = (): boolean => {
  moments += 1;
  return moments === killAt;
};
const kill = (): void => void process.kill(process.pid, 'SIGKILL');

await runScenario({ ...scenario, connector: loaded[module.name]! }, async (step) => {
  if (isDue()) kill();
  const running = step();
  if (isDue()) {
    // On its way, and perhaps partly there.
    await systemClock.sleep(0);
    kill();
  }
  await running;
  if (isDue()) kill();
});
