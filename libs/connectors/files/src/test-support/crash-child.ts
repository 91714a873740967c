import { watchOperations } from './watched-operations.ts';

/**
 * Runs the scenario and kills itself before file operation number `killAt` (counted from 1) of the sink.
 * Arguments: directory, record path, generation, killAt. Exit code 0 when there were fewer operations.
 */
const [directory, recordPath, generation, killAt] = process.argv.slice(2) as [string, string, string, string];

let operations = 0;
watchOperations(() => {
  operations += 1;
  if (operations === Number(killAt)) process.kill(process.pid, 'SIGKILL');
});

const { runScenario } = await import('./scenario.ts');
await runScenario(directory, recordPath, Number(generation));
