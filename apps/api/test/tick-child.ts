import { Catalog, SecretBox } from '@millrace/catalog';
import { ulids } from '@millrace/kernel';
import pg from 'pg';
import { pino } from 'pino';
import { fixtureConnectors } from './fixture-connectors.ts';
import { SettableClock } from './settable-clock.ts';

/** Takes the due tick of one schedule as the API does, and dies by SIGKILL before the statement that matches, or (`after`) when it is done. */
const [databaseUrl, redisUrl, secretKey, name, now, when, pattern] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
  'before' | 'after',
  string,
];

/** As built: Node does not run sources with decorators. */
const built = (path: string): Promise<unknown> => import(new URL(`../dist/${path}.js`, import.meta.url).href);
const { SubmitJobUseCase } = (await built(
  'jobs/submit-job.use-case',
)) as typeof import('../src/jobs/submit-job.use-case.ts');
const { Executions } = (await built('queue/executions')) as typeof import('../src/queue/executions.ts');
const { RunScheduleUseCase } = (await built(
  'schedules/run-schedule.use-case',
)) as typeof import('../src/schedules/run-schedule.use-case.ts');

const die = (): never => {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('unreachable');
};

const catalog = await Catalog.open({ url: databaseUrl, secretBox: SecretBox.of(secretKey), env: {} });
const executions = await Executions.connect(redisUrl, pino({ level: 'silent' }));
const submitJob = new SubmitJobUseCase(catalog, fixtureConnectors, executions);
const runs = new RunScheduleUseCase(catalog, submitJob, executions, new SettableClock(now), ulids);
const schedule = await catalog.schedules.get(name);

type Query = (this: pg.Client, text: unknown, ...rest: unknown[]) => unknown;
const prototype = pg.Client.prototype as unknown as { query: Query };
const { query } = prototype;
const watched: Query = function (text, ...rest) {
  if (!new RegExp(pattern).test(String(text))) return query.call(this, text, ...rest);
  if (when === 'before') return die();
  const [values, done] = typeof rest.at(-1) === 'function' ? [rest.slice(0, -1), rest.at(-1)] : [rest, undefined];
  if (done !== undefined) return query.call(this, text, ...values, die);
  return (query.call(this, text, ...rest) as Promise<unknown>).then(die);
};
prototype.query = watched;
await runs.takeDue(schedule);
process.stdout.write('took it\n');
process.exit(0);
