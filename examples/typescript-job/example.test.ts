import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { startPlatform } from '../../apps/cli/src/demo/platform.ts';

const CLI = fileURLToPath(new URL('../../apps/cli/dist/main.js', import.meta.url));
const JOB = fileURLToPath(new URL('./job.ts', import.meta.url));
type Document = { config: Record<string, unknown> };
const document = (name: string): Document =>
  JSON.parse(readFileSync(new URL(`./${name}.json`, import.meta.url), 'utf8')) as Document;
const pause = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs));

interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly code?: number;
}
const millrace = (...args: readonly string[]): Promise<Ran> =>
  promisify(execFile)(process.execPath, [CLI, ...args]).catch((error: unknown) => error as Ran);

it('is planned, submitted, run exactly once under kill -9, and refused with clear words', async () => {
  const planned = await millrace('plan', JOB);
  expect(planned.stdout).toContain('per customer x2: rows are partitioned by key');

  await using platform = await startPlatform({ workers: 1, show: () => {} });
  const { rest, source, target, workers, apiUrl } = platform;
  await source.query('create table sales (id int primary key, customer text not null, cents int not null)');
  const connect = (to: typeof source): Record<string, unknown> => {
    const { password, ...connection } = to.connection;
    return password === undefined ? connection : { ...connection, password };
  };
  const [shop, warehouse] = [document('source'), document('sink')];
  const api = ['--api', apiUrl];

  // Before anything is registered the job is refused, and says what is missing.
  const early = await millrace('submit', JOB, ...api);
  expect(early.stderr).toContain('names the source "shop", which is not registered');

  await rest.post('sources', { ...shop, config: { ...shop.config, ...connect(source) } });
  await rest.post('sinks', { ...warehouse, config: { ...warehouse.config, ...connect(target) } });
  const submitted = await millrace(
    'submit',
    JOB,
    '--name',
    'customers',
    '--options',
    '{"minCents":100}',
    '--snapshot-interval',
    '300ms',
    ...api,
  );
  expect(submitted.stdout).toContain('job customers');
  while ((await rest.peek<{ status: string }>('jobs/customers'))?.status !== 'RUNNING') await pause(100);
  // A sale that comes while the table is being loaded would be read and streamed. The load ends first.
  await pause(1_000);

  const worker = workers[0]!;
  for (let batch = 0; batch < 40; batch++) {
    await source.query(
      "insert into sales select $1::int * 10 + n, 'c' || n * n % 7, 50 + n * 20 from generate_series(0, 9) n",
      [batch],
    );
    if (batch === 10 || batch === 25) {
      await worker.kill();
      await worker.start();
    }
    await pause(20);
  }
  const expected = await source.query(
    'select customer, count(*)::text as sales, sum(cents)::text as cents from sales where cents >= 100 group by 1 order by 1',
  );
  let found: unknown;
  for (let tries = 0; tries < 200; tries++) {
    found = await target.query('select customer, sales::text, cents::text from customers order by 1').catch(() => []);
    if (JSON.stringify(found) === JSON.stringify(expected)) break;
    await pause(100);
  }
  expect(found).toEqual(expected);

  const folder = mkdtempSync(join(tmpdir(), 'millrace-jobs-'));
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const refusals: readonly (readonly [string, string, RegExp])[] = [
    ['broken.ts', 'export default () => { const x = ; }', /cli\.job_does_not_compile: .*broken\.ts:1:34/],
    ['nothing.ts', 'export const other = 1;', /module's export "default" is not a pipeline/],
    ['throws.ts', 'const table: string[] = [];\nexport default () => table[0]!.length;', /throws\.ts:2:/],
    ['endless.ts', 'for (;;);\nexport default 1;', /did not say within 10 s/],
    [
      'hungry.ts',
      'const all: unknown[] = [];\nfor (;;) all.push(new Array(1000).fill(all));\nexport default all;',
      /more than 256 MB/,
    ],
    ['leaving.ts', 'process.exit(0);\nexport default 1;', /ended the process/],
    [
      'sinkless.ts',
      "import { Pipeline, TestSources } from '@millrace/pipeline';\nconst p = Pipeline.create();\np.readFrom(TestSources.items(1));\nexport default p;",
      /no sink/,
    ],
  ];
  for (const [name, text, message] of refusals) {
    const { stderr } = await millrace('submit', file(name, text), ...api);
    expect(stderr).toMatch(message);
  }
  rmSync(folder, { recursive: true });

  // The API is alive, and keeps a module that a job uses.
  const { items } = (await rest.peek<{ items: { sha256: string; jobs: string[] }[] }>('modules'))!;
  const used = items.find(({ jobs }) => jobs.includes('customers'))!;
  const deleted = await fetch(`${apiUrl}/api/v1/modules/${used.sha256}`, { method: 'DELETE' });
  expect([deleted.status, ((await deleted.json()) as { code: string }).code]).toEqual([409, 'module.in_use']);
}, 300_000);
