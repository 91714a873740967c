import { killedAt } from './killed-at.ts';
import { type Killed, runScenario } from './scenario.ts';

/**
 * Runs the scenario and kills itself with SIGKILL at the n-th moment of its writes, prepares, commit records and commits.
 * Argument: `Killed` as JSON. Exit code 0 when there were fewer moments.
 */
const { module, killAt, ...scenario } = JSON.parse(process.argv[2]!) as Killed;
const loaded = (await import(module.url)) as Readonly<Record<string, never>>;

await runScenario({ ...scenario, connector: loaded[module.name]! }, killedAt(killAt));
