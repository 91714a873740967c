import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { startPlatform } from '../../apps/cli/src/demo/platform.ts';

type Document = { config: Record<string, unknown> };
const document = (name: string): Document =>
  JSON.parse(readFileSync(new URL(`./${name}.json`, import.meta.url), 'utf8')) as Document;

const ROUNDS = 20;
const KILLS = new Set([6, 13]);
const ROTATIONS = new Set([4, 7, 13, 16]);
const LINES = 50;
const pause = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs));

it('has each line of a log as a row, once, while the log is renamed and the worker is killed', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-log-'));
  const log = join(directory, 'access.log');
  try {
    await using platform = await startPlatform({ workers: 1, show: () => {} });
    const { rest, source: warehouse, workers } = platform;
    const { password: _, ...config } = document('sink').config;
    await rest.post('sources', { ...document('source'), config: { directory } });
    await rest.post('sinks', { ...document('sink'), config: { ...config, ...warehouse.connection, ssl: 'disable' } });
    await rest.post('jobs', document('job'));

    let written = 0;
    for (let round = 0; round < ROUNDS; round++) {
      if (KILLS.has(round)) await workers[0]!.kill();
      if (ROTATIONS.has(round)) renameSync(log, `${log}.${round}`);
      for (const end = written + LINES; written < end; written++) {
        const line = { at: new Date(Date.UTC(2026, 0, 1, 0, 0, written)), path: `/${written}`, status: 200 };
        appendFileSync(log, `${JSON.stringify(line)}\n`);
      }
      if (KILLS.has(round)) await workers[0]!.start();
      await pause(100);
    }
    const rows = async (): Promise<readonly string[]> => {
      const found = warehouse.query<{ path: string }>('select path from public.requests order by at, path');
      return (await found.catch(() => [])).map(({ path }) => path);
    };
    while ((await rows()).length < written) await pause(200);
    expect(await rows()).toEqual(Array.from({ length: written }, (_, index) => `/${index}`));
    const [files] = await warehouse.query<{ count: string }>(
      'select count(distinct __file)::text as count from public.requests',
    );
    expect(Number(files!.count)).toBeGreaterThan(1);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}, 120_000);
