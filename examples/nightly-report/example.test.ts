import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { parquetReadObjects } from 'hyparquet';
import { startPlatform } from '../../apps/cli/src/demo/platform.ts';

type Document = { config: Record<string, unknown> };
const document = (name: string): Document =>
  JSON.parse(readFileSync(new URL(`./${name}.json`, import.meta.url), 'utf8')) as Document;

interface Run {
  readonly jobName: string;
  readonly tick: string;
  readonly status: string;
  readonly counts: readonly Readonly<Record<string, unknown>>[] | null;
}

const ORDERS = 12_000;
const pause = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs));

async function rowsIn(folder: string): Promise<readonly string[]> {
  const rows: string[] = [];
  for (const name of readdirSync(folder).toSorted()) {
    const { buffer, byteOffset, byteLength } = readFileSync(join(folder, name));
    const file = buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
    for (const { id, country, cents, sold_on } of await parquetReadObjects({ file }))
      rows.push(`${String(id)} ${String(country)} ${String(cents)} ${(sold_on as Date).toISOString().slice(0, 10)}`);
  }
  return rows;
}

it('reports the orders of the day before in Parquet, each once, though the worker is killed, and counts them', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-reports-'));
  try {
    await using platform = await startPlatform({ workers: 1, show: () => {} });
    const { rest, source: shop, workers } = platform;
    // Two days around now, so that there are others than those of the report. A view that takes its time, for the worker to be killed in between.
    await shop.query(`
      create table all_orders as select id, (array['de', 'fr', 'it'])[1 + id % 3] as country, id * 7 as cents,
        (now() at time zone 'Europe/Berlin')::date - 2 + id % 3 as sold_on from generate_series(1, ${ORDERS}) id;
      alter table all_orders add primary key (id);
      create view orders as select id, country, cents, sold_on from all_orders
        where id % 60 <> 1 or pg_sleep(0.015) is not null`);
    const { password: _, ...config } = document('source').config;
    const connection = { ...config, ...shop.connection, ssl: 'disable' };
    await rest.post('sources', { ...document('source'), config: connection });
    await rest.post('sinks', { ...document('sink'), config: { directory } });
    await rest.post('schedules', document('schedule'));

    const { jobName, tick } = await rest.post<Run>('schedules/nightly/run');
    const job = () => rest.peek<{ status: string }>(`jobs/${jobName}`);
    while ((await job())?.status !== 'RUNNING') await pause(50);
    await pause(800);
    await workers[0]!.kill();
    await workers[0]!.start();
    while ((await job())?.status !== 'COMPLETED') await pause(200);
    const { items: executions } = await rest.get<{ items: unknown[] }>(`jobs/${jobName}/executions`);
    expect(executions.length).toBeGreaterThan(1);

    const [{ day }] = (await shop.query<{ day: string }>(
      `select (('${tick}'::timestamptz at time zone 'Europe/Berlin')::date - 1)::text as day`,
    )) as [{ day: string }];
    const wanted = await shop.query<{ row: string }>(
      `select concat_ws(' ', id, country, cents, sold_on) as row from all_orders where sold_on = '${day}' order by id`,
    );
    const rows = await rowsIn(join(directory, 'sold', `day=${day}`));
    expect(rows.length).toBeGreaterThan(3_000);
    expect(rows).toEqual(wanted.map(({ row }) => row));

    const { items: runs } = await rest.get<{ items: readonly Run[] }>('schedules/nightly/runs');
    expect(runs).toMatchObject([
      {
        status: 'COMPLETED',
        counts: [
          { stage: 'sold', rowsIn: 0, rowsOut: rows.length },
          { stage: 'report', rowsIn: rows.length, skippedRows: 0, deadLetters: 0 },
        ],
      },
    ]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}, 120_000);
