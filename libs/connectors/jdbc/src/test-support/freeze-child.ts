import type { Scenario } from './scenario.ts';
import { watchStatements } from './watched-statements.ts';

/**
 * Runs the scenario and stops itself (SIGSTOP) before statement number `freezeAt` (counted from 1), after a line on stdout. When it is
 * woken it goes on. Arguments: the scenario as JSON, freezeAt.
 */
const [scenario, freezeAt] = process.argv.slice(2) as [string, string];

let statements = 0;
watchStatements(() => {
  statements += 1;
  if (statements !== Number(freezeAt)) return;
  process.stdout.write('frozen\n');
  process.kill(process.pid, 'SIGSTOP');
});

const { runScenario } = await import('./scenario.ts');
await runScenario(JSON.parse(scenario) as Scenario);
