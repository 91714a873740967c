import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { watchOperations } from './watched-operations.ts';

/**
 * For each file operation of the sink: an execution stops before it, as a paused process would; the next execution runs to the end;
 * then the stopped one goes on. Argument: a folder to work in. Prints `{ steps, outcomes, violations }`.
 */
interface Freeze {
  operations: number;
  readonly at: number;
  readonly reached: PromiseWithResolvers<void>;
  readonly released: PromiseWithResolvers<void>;
}

const running = new AsyncLocalStorage<Freeze>();
watchOperations(async () => {
  const freeze = running.getStore();
  if (freeze === undefined) return;
  freeze.operations += 1;
  if (freeze.operations !== freeze.at) return;
  freeze.reached.resolve();
  await freeze.released.promise;
});

const { runScenario } = await import('./scenario.ts');
const { violations } = await import('./visible-files.ts');

const base = process.argv[2]!;
const directory = join(base, 'frozen');
const recordPath = join(base, 'frozen.json');
const found: string[] = [];
const outcomes: Record<string, number> = {};
let steps = 0;
for (let isOver = false; !isOver; ) {
  for (const path of [directory, recordPath, `${recordPath}.generation`])
    rmSync(path, { recursive: true, force: true });
  mkdirSync(directory);
  const freeze: Freeze = {
    operations: 0,
    at: steps + 1,
    reached: Promise.withResolvers(),
    released: Promise.withResolvers(),
  };
  const stopped = running.run(freeze, () =>
    runScenario(directory, recordPath, 1).then(
      () => 'finished',
      (error: { code?: { code?: string }; message: string }) => error.code?.code ?? error.message,
    ),
  );
  isOver = (await Promise.race([freeze.reached.promise, stopped])) === 'finished';
  if (!isOver) {
    await runScenario(directory, recordPath, 2);
    found.push(
      ...(await violations(directory)).map((text) => `step ${steps}, before the stopped one goes on: ${text}`),
    );
    freeze.released.resolve();
    const outcome = await stopped;
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    steps += 1;
  }
  found.push(...(await violations(directory)).map((text) => `step ${steps}: ${text}`));
}
console.log(JSON.stringify({ steps, outcomes, violations: found }));
