import { killedAt } from './killed-at.ts';
import { type KilledSource, runSourceScenario } from './source-scenario.ts';

/**
 * Runs the scenario of a source and kills itself with SIGKILL at the n-th moment of what it hands on, saves, records and commits.
 * Argument: `KilledSource` as JSON. Exit code 0 when it came to the last row.
 */
const { module, killAt, ...scenario } = JSON.parse(process.argv[2]!) as KilledSource;
const loaded = (await import(module.url)) as Readonly<Record<string, never>>;

await runSourceScenario({ ...scenario, connector: loaded[module.name]! }, killedAt(killAt));
