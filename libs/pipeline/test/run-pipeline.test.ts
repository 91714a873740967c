import { afterAll, describe, expect, it } from '@jest/globals';
import { startEngine } from '@millrace/engine';
import { runPipeline } from '@millrace/pipeline';
import { rowsIn } from './file-sink.ts';
import { eventOf } from './pipelines.ts';
import { Runs, sorted } from './runs.ts';

const MODULE = new URL('./pipelines.ts', import.meta.url);
const ROWS = 1_000;
const KEYS = 7;

const runs = new Runs(MODULE);
afterAll(() => runs[Symbol.asyncDispose]());

const run = (exportName: string, mode: 'generated' | 'interpreted', more: object = {}) =>
  runs.straight(exportName, mode, { rows: ROWS, ...more });
const interrupted = (exportName: string) => runs.interrupted(exportName, { rows: ROWS });

/** Windows of the events, in plain JavaScript. */
function windowsOf(sizeMs: number, slideMs: number, keyOf: (n: number) => string) {
  const windows = new Map<string, { start: number; end: number; key: string; rows: number[] }>();
  for (let n = 0; n < ROWS; n++) {
    const { time } = eventOf(n);
    for (
      let end = (Math.floor(time / slideMs) + 1) * slideMs;
      end <= Math.floor(time / slideMs) * slideMs + sizeMs;
      end += slideMs
    ) {
      const name = `${end}/${keyOf(n)}`;
      const found = windows.get(name) ?? { start: end - sizeMs, end, key: keyOf(n), rows: [] };
      found.rows.push(n);
      windows.set(name, found);
    }
  }
  return [...windows.values()];
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

const expected: Record<string, () => readonly unknown[]> = {
  windowed: () =>
    windowsOf(100, 50, (n) => eventOf(n).key).map(({ rows, ...window }) => ({
      ...window,
      result: { count: rows.length, mean: sum(rows) / rows.length },
    })),
  globalWindow: () => windowsOf(100, 100, () => '').map(({ start, end, rows }) => ({ start, end, result: sum(rows) })),
  joined: () =>
    windowsOf(50, 50, (n) => eventOf(n).key).map(({ end, key, rows }) => ({
      end,
      key,
      even: rows.filter((n) => n % 2 === 0).length,
      odd: rows.filter((n) => n % 2 === 1),
    })),
  rolling: () => Array.from({ length: ROWS }, (_, n) => ({ key: eventOf(n).key, result: n })),
};

describe('a pipeline on worker threads', () => {
  it.each(['generated', 'interpreted'] as const)('maps, filters and flat-maps (%s)', async (mode) => {
    const numbers = Array.from({ length: ROWS }, (_, n) => n * 2).filter((n) => n % 3 === 0);
    expect(sorted(await run('stateless', mode))).toEqual(sorted(numbers.flatMap((n) => [n, -n])));
  });

  it.each(Object.keys(expected))('%s: generated and interpreted give what a plain program gives', async (name) => {
    const rows = sorted(expected[name]!());
    expect(sorted(await run(name, 'generated'))).toEqual(rows);
    expect(sorted(await run(name, 'interpreted'))).toEqual(rows);
  });

  it.each(Object.keys(expected))(
    '%s: stopped and continued on other numbers of threads gives the same, each row once',
    async (name) => {
      expect(sorted(await interrupted(name))).toEqual(sorted(expected[name]!()));
    },
  );

  it('aggregates a batch, by key and as a whole, when it ends', async () => {
    const lateFile = runs.newFile();
    const byKey = await run('batch', 'generated', { lateFile });
    const counts = Array.from({ length: KEYS }, (_, key) => ({ key, result: Math.ceil((ROWS - key) / KEYS) }));
    expect(sorted(byKey)).toEqual(sorted(counts));
    expect(rowsIn(lateFile)).toEqual([(ROWS * (ROWS - 1)) / 2]);
  });

  it('sends rows that come too late another way', async () => {
    const lateFile = runs.newFile();
    const results = (await run('late', 'generated', { lateFile, perFill: 50 })) as { readonly result: number }[];
    const tooLate = rowsIn<{ readonly n: number }>(lateFile).map((event) => event.n);
    // The first ones come before any watermark is later than they are.
    expect(tooLate.every((n) => n % 10 === 9)).toBe(true);
    expect(tooLate.length).toBeGreaterThan(80);
    expect(sum(results.map(({ result }) => result)) + tooLate.length).toBe(ROWS);
  });

  it('fails with a clear error when a stage has more state than it may have', async () => {
    await using engine = await startEngine({ threads: 1, stateBytesMax: 20_000 });
    const module = { module: MODULE.href, exportName: 'windowed', options: { file: runs.newFile(), rows: ROWS } };
    await expect(runPipeline(module, { engine })).rejects.toMatchObject({
      code: { code: 'operators.state_too_large' },
      message: expect.stringMatching(/the state of aggregate has \d+ bytes for \d+ keys, more than the 20000/),
    });
  });

  it('says so when the module exports no pipeline', async () => {
    await expect(runPipeline({ module: MODULE.href, exportName: 'nothing' })).rejects.toMatchObject({
      code: { code: 'pipeline.module_without_pipeline' },
    });
  });
});
