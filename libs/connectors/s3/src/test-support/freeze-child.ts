import { AsyncLocalStorage } from 'node:async_hooks';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { startSink } from './drive.ts';
import { runScenario } from './scenario.ts';
import { TestBucket } from './test-bucket.ts';
import { violations } from './violations.ts';
import { watchRequests } from './watched-requests.ts';

/**
 * Before and after each request of the sink: an execution stops there, as a paused process would; the next execution runs to the end; then the
 * stopped one goes on. Arguments: a folder to work in, the server's URL. Prints `{ steps, outcomes, violations }`.
 */
interface Freeze {
  requests: number;
  readonly at: number;
  readonly reached: PromiseWithResolvers<void>;
  readonly released: PromiseWithResolvers<void>;
}

const running = new AsyncLocalStorage<Freeze>();
watchRequests(async (moment) => {
  const freeze = running.getStore();
  if (freeze === undefined || moment === 'during') return;
  freeze.requests += 1;
  if (freeze.requests !== freeze.at) return;
  freeze.reached.resolve();
  await freeze.released.promise;
});

const [base, url] = process.argv.slice(2) as [string, string];
const record = join(base, 'frozen.json');
const found: string[] = [];
const outcomes: Record<string, number> = {};
let steps = 0;
for (let isOver = false; !isOver; ) {
  for (const path of [record, `${record}.generation`]) rmSync(path, { force: true });
  using bucket = await TestBucket.create(url);
  const { config } = bucket;
  const see = async (when: string): Promise<void> => {
    found.push(...(await violations(bucket)).map((text) => `step ${steps}, ${when}: ${text}`));
  };
  const freeze: Freeze = {
    requests: 0,
    at: steps + 1,
    reached: Promise.withResolvers(),
    released: Promise.withResolvers(),
  };
  const stopped = running.run(freeze, () =>
    runScenario({ config, record, generation: 1, noteBytes: 10 }).then(
      () => 'finished',
      (error: { code?: { code?: string }; message: string }) => error.code?.code ?? error.message,
    ),
  );
  isOver = (await Promise.race([freeze.reached.promise, stopped])) === 'finished';
  if (!isOver) {
    await runScenario({ config, record, generation: 2, noteBytes: 10 });
    await see('before the stopped one goes on');
    freeze.released.resolve();
    const outcome = await stopped;
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    steps += 1;
  }
  await see('at the end');
  // What a late execution began after the newer one had swept is swept by the next.
  await (await startSink({ config, generation: 3 })).close();
  const left = await bucket.uploads();
  if (left.length > 0) found.push(`step ${steps}: uploads are left: ${left.join()}`);
}
console.log(JSON.stringify({ steps, outcomes, violations: found }));
