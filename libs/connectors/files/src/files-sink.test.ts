import { spawnSync } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { TableSchema } from '@millrace/formats';
import { filesSink } from './connector.ts';
import { fileError } from './errors.ts';
import { OPEN_FILES_MAX } from './open-files.ts';
import { eventBatch, JOB, startSink, TABLES } from './test-support/drive.ts';
import { idsOf, visibleFiles } from './test-support/visible-files.ts';

let base: string;
let directory: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'millrace-files-'));
  directory = join(base, 'out');
  await mkdir(directory);
});
afterEach(() => rm(base, { recursive: true, force: true }));

const visible = (): Promise<string[]> => visibleFiles(directory);
const hiddenFiles = async (): Promise<string[]> => (await readdir(join(directory, '.millrace'))).sort();
const numbers = (count: number, step = 1, start = 0): number[] =>
  Array.from({ length: count }, (_, index) => start + index * step);

const runChild = (name: string, ...args: readonly string[]) => {
  const path = fileURLToPath(new URL(`./test-support/${name}.ts`, import.meta.url));
  const child = spawnSync(process.execPath, ['--conditions=source', path, ...args], { encoding: 'utf8' });
  if (child.status !== 0) throw new Error(`${name} failed: ${child.stderr}`);
  return child;
};

describe('files sink', () => {
  it('shows nothing before the commit, everything after it, and commits twice without harm', async () => {
    const sink = await startSink({ directory, generation: 1 });
    await sink.write(eventBatch(0, 10));
    const entries = await sink.prepare(1);
    expect(await visible()).toEqual([]);
    await sink.write(eventBatch(10, 20));
    await sink.commit(1);
    await sink.commit(1);
    const files = await visible();
    expect(files).toEqual([
      'public.%2E.%2Fodd%20name/01JD0000000000000000000000-files-000-00000001-0000000001-000002.ndjson',
      'public.orders/01JD0000000000000000000000-files-000-00000001-0000000001-000001.ndjson',
    ]);
    expect((await idsOf(directory, files)).sort((a, b) => a - b)).toEqual(numbers(10));
    await sink.close();
    // The same again by the next attempt, which also removes what belongs to no snapshot.
    const next = await startSink({ directory, generation: 2, restored: { snapshotId: 1, entries } });
    expect(await visible()).toEqual(files);
    expect(await hiddenFiles()).toEqual([`${JOB.jobId}.files.w0.g2.fence`]);
    await next.close();
  });

  it('shortens a folder that the file system would not take, and keeps tables apart', async () => {
    const named = (table: string): TableSchema => ({ ...TABLES[0]!, id: `public.${table}`, table });
    const long = 'Ж'.repeat(50);
    const sink = await startSink({ directory, generation: 1 });
    await sink.write(eventBatch(0, 10, [named(`${long}1`), named(`${long}2`)]));
    await sink.snapshot(1);
    await sink.close();
    const folders = new Set((await visible()).map((file) => file.split('/')[0]!));
    expect([...folders].map((folder) => folder.length).every((length) => length > 240 && length <= 255)).toBe(true);
    expect(folders.size).toBe(2);
    expect((await idsOf(directory, await visible())).sort((a, b) => a - b)).toEqual(numbers(10));
  });

  // Stopping before an operation and being killed there leave the same files; going on later is the harder half.
  it('holds every event exactly once when an execution is paused before any of its file operations and wakes up later', () => {
    const result = JSON.parse(runChild('freeze-child', base).stdout) as {
      steps: number;
      outcomes: Record<string, number>;
      violations: string[];
    };
    expect(result.violations).toEqual([]);
    expect(result.steps).toBeGreaterThan(80);
    expect(Object.keys(result.outcomes).sort()).toEqual(['fenced by the store', 'files.fenced', 'finished']);
  });

  it('makes a folder again that somebody removed between prepare and commit', async () => {
    const sink = await startSink({ directory, generation: 1, stage: { path: 'all' } });
    await sink.write(eventBatch(0, 10));
    await sink.prepare(1);
    await rm(join(directory, 'all'), { recursive: true });
    await sink.commit(1);
    expect(await idsOf(directory, await visible())).toEqual(numbers(10));
    await sink.close();
  });

  it('rolls by size and writes more tables than it keeps open', async () => {
    const tables = numbers(OPEN_FILES_MAX + 3).map((index) => ({
      ...TABLES[0],
      id: `public.t${index}`,
      table: `t${index}`,
    }));
    const sink = await startSink({
      directory,
      generation: 1,
      stage: { rollBytes: '64KiB', path: 'all/{table}' },
    });
    await sink.write(eventBatch(0, 1_000, tables));
    for (let start = 1_000; start < 9_000; start += 1_000)
      await sink.write(eventBatch(start, start + 1_000, tables.slice(0, 1)));
    await sink.prepare(1);
    await sink.commit(1);
    const files = await visible();
    expect((await idsOf(directory, files)).sort((a, b) => a - b)).toEqual(numbers(9_000));
    expect(files.filter((file) => file.startsWith('all/t0/')).length).toBeGreaterThan(3);
    await sink.close();
  });

  it('shows what is written at the end of bounded input', async () => {
    const sink = await startSink({ directory, generation: 1, guarantee: 'none' });
    await sink.write(eventBatch(0, 10));
    await sink.complete();
    expect(await idsOf(directory, await visible())).toHaveLength(10);
    await sink.close();
  });

  it('fails with a code and a way to mend it', async () => {
    const full = await appendFile('/dev/full', 'x').catch((error: unknown) => fileError(error, 'write', '/data/x'));
    expect(full).toMatchObject({
      code: { code: 'files.disk_full', retry: 'after-repair' },
      message: "can't write /data/x: ENOSPC",
      mend: expect.stringContaining('Free space'),
    });

    const sink = await startSink({ directory, generation: 1 });
    await sink.write(eventBatch(0, 10));
    await rm(join(directory, '.millrace'), { recursive: true });
    await expect(sink.prepare(1)).rejects.toMatchObject({ code: { code: 'files.directory_missing' } });
    await sink.close();

    const removed = await startSink({ directory, generation: 2 });
    await removed.write(eventBatch(0, 10));
    await removed.prepare(1);
    for (const name of await hiddenFiles()) if (name.endsWith('.tmp')) await rm(join(directory, '.millrace', name));
    await expect(removed.commit(1)).rejects.toMatchObject({ code: { code: 'files.prepared_lost' } });
    await removed.close();
  });
});

describe('files connector', () => {
  const signal = new AbortController().signal;

  it('finds what is wrong with the directory', async () => {
    const codes = async (path: string): Promise<string[]> =>
      (await filesSink.check({ directory: path }, signal)).map(({ code, severity }) => `${severity} ${code}`);
    await writeFile(join(base, 'file'), '');
    expect(await codes(directory)).toEqual(['ok files.directory_writable']);
    expect(await codes(join(base, 'none'))).toEqual(['error files.directory_missing']);
    expect(await codes(join(base, 'file'))).toEqual(['error files.directory_missing']);
    expect(await codes(join(base, 'file', 'below'))).toEqual(['error files.directory_missing']);
  });

  it.each(['/abs', 'a/../b', '.hidden', 'a//b', '{secret}', '{table', 'a\\b', ''])('refuses the path %j', (path) => {
    expect(filesSink.stage.safeParse({ path }).success).toBe(false);
  });

  it('takes a path with placeholders and refuses options it does not know', () => {
    expect(filesSink.stage.parse({ path: '{job}/{schema}/dt-{table}' })).toMatchObject({
      format: 'debezium-json',
      rollBytes: '128MiB',
    });
    expect(filesSink.stage.safeParse({ paths: 'x' }).success).toBe(false);
    expect(filesSink.config.safeParse({ directory: 'relative' }).success).toBe(false);
    expect(filesSink.showsRowsAtOnce(filesSink.stage.parse({}))).toBe(false);
  });

  it('removes what is not visible when the job is deleted, twice', async () => {
    const sink = await startSink({ directory, generation: 1 });
    await sink.write(eventBatch(0, 10));
    await sink.prepare(1);
    await sink.close();
    const options = { config: { directory }, stage: filesSink.stage.parse({}), job: JOB };
    await filesSink.dispose!(options, signal);
    expect(await hiddenFiles()).toEqual([]);
    await filesSink.dispose!(options, signal);
    await rm(directory, { recursive: true });
    await expect(filesSink.dispose!(options, signal)).resolves.toBeUndefined();
  });
});
