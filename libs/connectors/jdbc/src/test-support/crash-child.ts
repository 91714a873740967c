import type { Scenario } from './scenario.ts';
import { watchStatements } from './watched-statements.ts';

/**
 * Runs the scenario and kills itself at statement number `killAt` (counted from 1) of the sink: before it is sent, or right after.
 * Arguments: the scenario as JSON, killAt, `before` or `after`. Exit code 0 when there were fewer statements.
 */
const [scenario, killAt, moment] = process.argv.slice(2) as [string, string, string];

let statements = 0;
watchStatements(() => {
  statements += 1;
  if (statements !== Number(killAt)) return;
  if (moment === 'before') process.kill(process.pid, 'SIGKILL');
  else queueMicrotask(() => process.kill(process.pid, 'SIGKILL'));
});

const { runScenario } = await import('./scenario.ts');
await runScenario(JSON.parse(scenario) as Scenario);
