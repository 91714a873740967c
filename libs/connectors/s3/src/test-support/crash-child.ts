import { runScenario, type ScenarioOptions } from './scenario.ts';
import { type Moment, watchRequests } from './watched-requests.ts';

/**
 * Runs the scenario and kills itself at a moment of the n-th request (or `record`) of a name; without a name, of all requests. Argument: JSON of
 * the scenario's options and `{ moment, name, nth }`. Exit code 0 when it came to the end.
 */
const options = JSON.parse(process.argv[2]!) as ScenarioOptions & {
  readonly kill: { readonly moment: Moment; readonly name?: string; readonly nth: number };
};
const { kill } = options;
let count = 0;

function at(moment: Moment, name: string): void {
  if (moment !== kill.moment || (kill.name !== undefined && name !== kill.name)) return;
  count += 1;
  if (count === kill.nth) process.kill(process.pid, 'SIGKILL');
}

watchRequests((moment, name) => {
  // On its way, and partly there.
  if (moment === 'during') setImmediate(() => at(moment, name));
  else at(moment, name);
});
await runScenario(options, (moment) => at(moment, 'record'));
