import { spawnSync } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { EventRecord, Row } from '@millrace/formats';
import { type DrivenSource, RecordedRefusals } from '@millrace/testing/drivers';
import { readRows, runInPieces, startSource } from '../test-support/drive-source.ts';
import { filesSource } from './files-source.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-files-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const at = (name: string): string => join(directory, name);
const lines = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, index) => `{"id":${from + index},"note":"n"}\n`).join('');
const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);
const idsOf = (rows: readonly Row[]): number[] => rows.map(({ id }) => id as number);
const ids = (source: DrivenSource<Row>): number[] => idsOf(source.events);
const following = (stage: Record<string, unknown> = {}, more: Parameters<typeof startSource>[2] = {}) =>
  startSource(directory, { follow: true, ...stage }, more);

describe('files source', () => {
  it('reads what a glob matches by name, compressed or not, and ends', async () => {
    await mkdir(at('in/deep'), { recursive: true });
    await writeFile(at('in/b.ndjson.gz'), gzipSync(lines(10, 20)));
    await writeFile(at('in/a.ndjson'), `\uFEFF${lines(0, 10).trimEnd()}`);
    await writeFile(at('in/deep/c.ndjson.zst'), zstdCompressSync(lines(20, 25)));
    await writeFile(at('in/.d.ndjson'), 'hidden');
    await writeFile(at('in/e.csv'), 'note,id\r\n"a\nb",99\r\n,98');
    await writeFile(at('in/empty.csv'), '');
    expect(idsOf(await readRows(directory, { files: 'in/**/*.ndjson*' }))).toEqual(numbers(0, 25));
    expect(await readRows(directory, { files: 'in/*.csv', format: 'csv' })).toEqual([
      { id: 99, note: 'a\nb' },
      { id: 98, note: null },
    ]);
    expect(await readRows(directory, { files: 'in/*.csv', format: 'text' })).toEqual(
      ['note,id', '"a', 'b",99', ',98'].map((line) => ({ line })),
    );
  });

  it('has lines of text as they are, also among those that are none', async () => {
    await writeFile(at('a.txt'), '\uFEFFä€𝄞\r\n\n\r\n\r\r\nlast');
    const wanted = ['ä€𝄞', '', '', '\r', 'last'].map((line) => ({ line }));
    expect(await readRows(directory, { format: 'text' })).toEqual(wanted);
    const withMetadata = await readRows(directory, { format: 'text', metadata: true });
    expect(withMetadata.map(({ line }) => ({ line }))).toEqual(wanted);
    await writeFile(at('b.txt'), Buffer.from([0x61, 0x0a, 0xff, 0x0a, 0x62, 0x00, 0x0a, 0x63, 0x0a]));
    const refusals = new RecordedRefusals();
    await using source = await startSource(directory, { files: 'b.txt', format: 'text' }, { refusals });
    await source.run();
    expect(source.events.map(({ line }) => line)).toEqual(['a', 'c']);
    expect(refusals.refused.map(({ after }) => [after!['row'], after!['value']])).toEqual([
      ['2', 'base64:/w=='],
      ['3', 'base64:YgA='],
    ]);
  });

  it.each(['ndjson', 'csv', 'text', 'ndjson.gz'])('goes on after any piece at the very row (%s)', async (name) => {
    const [format] = name.split('.') as [string];
    const row = (id: number): string =>
      format === 'csv' ? `${id},"n\n"\n` : format === 'text' ? `${id}\n` : `{"id":${id},"note":"n"}\n\n`;
    const text = (format === 'csv' ? 'id,note\n' : '') + numbers(0, 20_000).map(row).join('');
    await writeFile(at(`a.${name}`), name.endsWith('.gz') ? gzipSync(text) : text);
    const runs = await runInPieces(directory, { format }, 20_000);
    expect(runs.length).toBeGreaterThan(3);
    expect(runs.flat().map((each) => Number(each['id'] ?? each['line']))).toEqual(numbers(0, 20_000));
  });

  it('follows appended lines, takes one only when it ends, and files that come later', async () => {
    await writeFile(at('m.ndjson'), `${lines(0, 5)}{"id":5,`);
    await using source = await following();
    await source.until(() => source.events.length === 5);
    await appendFile(at('m.ndjson'), '"note":"n"}\n');
    await source.until(() => source.events.length === 6);
    await writeFile(at('a.ndjson'), lines(6, 8));
    await source.until(() => source.events.length === 8);
    const restored = await source.save();
    await source.close();
    await appendFile(at('m.ndjson'), lines(8, 10));
    await using next = await following({}, { restored });
    await next.until(() => next.events.length === 2);
    expect([...ids(source), ...ids(next)]).toEqual(numbers(0, 10));
  });

  it('reads a file that was renamed to its end, and the new one from its beginning, also when it was stopped meanwhile', async () => {
    const stage = { files: 'app.log', metadata: true, key: ['__position'] };
    await writeFile(at('app.log'), lines(0, 5));
    await using first = await following(stage);
    await first.until(() => first.events.length === 5);
    await rename(at('app.log'), at('app.log.1'));
    await appendFile(at('app.log.1'), lines(5, 7));
    await writeFile(at('app.log'), lines(7, 9));
    await first.until(() => first.events.length === 9);
    expect(first.metric('filesRenamed')).toBe(1);
    const restored = await first.save();
    await first.close();
    await appendFile(at('app.log'), lines(9, 12));
    await rename(at('app.log.1'), at('app.log.2'));
    await rename(at('app.log'), at('app.log.1'));
    await writeFile(at('app.log'), lines(12, 15));
    await using next = await following(stage, { restored });
    await next.until(() => next.events.length === 6);
    expect([...ids(first), ...ids(next)]).toEqual(numbers(0, 15));
    const positions = [...first.events, ...next.events].map((row) => row['__position']);
    expect(new Set(positions).size).toBe(15);
    // By then it had this name.
    expect(next.events[0]!['__file']).toBe('app.log.1');
  });

  it('reads a file that was truncated from its beginning, also when it is longer again', async () => {
    await writeFile(at('app.log'), lines(0, 5));
    await using source = await following({ metadata: true });
    await source.until(() => source.events.length === 5);
    await truncate(at('app.log'), 0);
    await appendFile(at('app.log'), lines(5, 7));
    await source.until(() => source.events.length === 7);
    const restored = await source.save();
    await source.close();
    await truncate(at('app.log'), 0);
    await appendFile(at('app.log'), lines(7, 20));
    await using next = await following({ metadata: true }, { restored });
    await next.until(() => next.events.length === 13);
    expect([...ids(source), ...ids(next)]).toEqual(numbers(0, 20));
    expect([source.metric('truncations'), next.metric('truncations')]).toEqual([1, 1]);
    const positions = [...source.events, ...next.events].map((row) => row['__position'] as string);
    expect(positions).toEqual([...new Set(positions)].sort());
  });

  it.each(['truncated', 'removed'])(
    'says which bytes are gone when a file was %s that was not read to its end',
    async (what) => {
      await writeFile(at('a.log'), lines(0, 20_000));
      await using first = await following({}, { batchesMax: 2 });
      await first.until(() => first.events.length > 2_000);
      const restored = await first.save();
      await first.close();
      if (what === 'removed') await rm(at('a.log'));
      else await writeFile(at('a.log'), lines(20_000, 20_005));
      await using second = await following({}, { restored });
      await expect(second.until(() => second.events.length > 0)).rejects.toMatchObject({
        code: { code: 'files.unread_lost' },
        message: expect.stringMatching(new RegExp(`a\\.log was ${what}, and \\d+ bytes of it were not read`)),
      });
      await using accepting = await following({ gaps: 'accept' }, { restored });
      await writeFile(at('b.log'), lines(20_005, 20_006));
      await accepting.until(() => ids(accepting).includes(20_005));
      expect(accepting.metric('bytesLost')).toBeGreaterThan(100_000);
    },
  );

  it('does not take a file of lines for whole that grows, nor go on in a compressed one that was written again', async () => {
    await writeFile(at('a.ndjson'), lines(0, 3).trimEnd());
    await using whole = await following({ appends: false });
    await whole.until(() => whole.metric('filesRead') === 1);
    await appendFile(at('a.ndjson'), lines(3, 4));
    await expect(whole.run()).rejects.toMatchObject({ code: { code: 'files.file_changed' } });
    await rm(at('a.ndjson'));
    await writeFile(at('a.ndjson.gz'), gzipSync(lines(0, 20_000)));
    await using first = await following({}, { batchesMax: 2 });
    await first.until(() => first.events.length > 0);
    const restored = await first.save();
    await first.close();
    await writeFile(at('a.ndjson.gz'), gzipSync(lines(5, 20_000)));
    await using second = await following({}, { restored });
    await expect(second.run()).rejects.toMatchObject({ code: { code: 'files.file_changed' } });
  });

  it('names the file, the line and what is wrong with it', async () => {
    const refused = async (name: string, content: string | Uint8Array, stage: Record<string, unknown> = {}) => {
      await writeFile(at(name), content);
      await using source = await startSource(directory, { files: name, ...stage });
      const error = await source.run().catch((found: { message: string }) => found);
      return (error as { message: string }).message.replace(`${directory}/`, '');
    };
    expect(await refused('a.ndjson', `${lines(0, 3)}\n\n{"id":"x"}\n`)).toBe(
      'line 6 of a.ndjson: its "id" is not an integer',
    );
    expect(await refused('b.ndjson', Buffer.concat([Buffer.from(lines(0, 9_000)), Buffer.of(0xff, 0x0a)]))).toBe(
      'line 9001 of b.ndjson: it is not text in UTF-8',
    );
    expect(await refused('c.csv', 'id,note\n1,"a\nb"\n\nx,\n', { format: 'csv' })).toBe(
      'line 5 of c.csv: its "id" is not an integer',
    );
    expect(await refused('d.csv', 'id,n\n1,2\n', { format: 'csv' })).toBe(
      'line 1 of d.csv: the header has no column "note"',
    );
    expect(await refused('e.ndjson', `${lines(0, 2)}{"id":${'1'.repeat(70_000)}}\n`, { lineBytes: '64KiB' })).toBe(
      'the line after line 2 of e.ndjson has more than 65536 bytes',
    );
    expect(await refused('f.gz', gzipSync(lines(0, 10_000)).subarray(0, 5_000))).toMatch(
      /^row \d+ of f.gz: it is damaged/,
    );
  });

  it('sets lines aside that cannot be read, and takes them when they are mended', async () => {
    await writeFile(at('a.ndjson'), `{"id":1,"note":"ä"}\n{"id":2,"note":\n\n{"id":3}\n`);
    const refusals = new RecordedRefusals();
    await using source = await startSource(directory, {}, { refusals });
    await source.run();
    expect(ids(source)).toEqual([1, 3]);
    const partsOf = ({ after }: EventRecord) => [after!['file'], after!['row'], after!['value']];
    expect(refusals.refused.map(partsOf)).toEqual([['a.ndjson', '2', '{"id":2,"note":']]);
    expect(refusals.reasons).toEqual(['files.line_refused']);
    const [letter] = refusals.refused;
    await source.giveBack({ ...letter!, after: { ...letter!.after, value: '{"id":2,"note":"b"}' } });
    expect(ids(source)).toEqual([1, 3, 2]);
  });

  it('hands every line on exactly once when it is killed before any kind of operation, while files grow, are renamed and come', async () => {
    await mkdir(at('in'));
    const child = fileURLToPath(new URL('../test-support/source-crash-child.ts', import.meta.url));
    const run = (killAt: number, count: number) => {
      const args = ['--conditions=source', child, directory, String(killAt), String(count)];
      return spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 });
    };
    let killed = 0;
    let end = 0;
    const more = async (name: string, count: number): Promise<void> => {
      await appendFile(at(`in/${name}`), lines(end, end + count));
      end += count;
    };
    await more('app.log', 3_000);
    for (const killAt of [1, 3, 5, 7, 9, 11, 14, 17, 22, 27]) {
      await more('app.log', 700);
      if (killAt % 3 === 0) {
        await rename(at('in/app.log'), at(`in/app.log.${killAt}`));
        await more(`app.log.${killAt}`, 300);
        await more('app.log', 10);
      }
      if (killAt % 2 === 0) await more(`other-${killAt}.log`, 1_500);
      const { signal } = run(killAt, end);
      if (signal === 'SIGKILL') killed += 1;
    }
    expect(run(0, end)).toMatchObject({ status: 0, stderr: '' });
    const out = (await readFile(at('out'), 'utf8')).trimEnd().split('\n').map(Number);
    expect(out.sort((a, b) => a - b)).toEqual(numbers(0, end));
    expect(killed).toBeGreaterThan(5);
  }, 120_000);

  it('spreads files over instances and keeps each with the same one when it is renamed', async () => {
    for (let file = 0; file < 20; file++) await writeFile(at(`${file}.log`), lines(file * 10, file * 10 + 5));
    const instances = await Promise.all(
      [0, 1, 2].map((instance) => following({ files: '*.log' }, { instance, parallelism: 3 })),
    );
    const all = () => instances.flatMap(ids);
    await Promise.all(instances.map((source) => source.until(() => all().length === 100)));
    for (let file = 0; file < 20; file++) {
      await rename(at(`${file}.log`), at(`${file}.old`));
      await appendFile(at(`${file}.old`), lines(file * 10 + 5, file * 10 + 10));
    }
    await Promise.all(instances.map((source) => source.until(() => all().length === 200)));
    expect(all().sort((a, b) => a - b)).toEqual(numbers(0, 200));
    expect(instances.filter(({ events }) => events.length > 0).length).toBeGreaterThan(1);
    for (const source of instances) await source.close();
  });

  it('tells its table, finds what is wrong, and refuses options that do not fit', async () => {
    const signal = new AbortController().signal;
    const stage = { files: '*.log', format: 'text', table: 'public.t', metadata: true, key: ['__position'] };
    const job = { jobId: 'j', jobName: 'j', stage: 's' };
    const described = await filesSource.describe(
      { config: { directory }, stage: filesSource.stage.parse(stage), job },
      signal,
    );
    expect(described.shape.tables[0]!.columns.map(({ name, key }) => [name, key])).toEqual([
      ['__file', false],
      ['__position', true],
      ['line', false],
    ]);
    expect(described.findings.map(({ code }) => code)).toEqual(['files.directory_readable', 'files.none_match']);
    const [missing] = await filesSource.check({ directory: at('none') }, signal);
    expect(missing).toMatchObject({ severity: 'error', code: 'files.directory_missing' });
    const fits = (more: Record<string, unknown>): boolean => filesSource.stage.safeParse({ ...stage, ...more }).success;
    expect(fits({})).toBe(true);
    for (const more of [
      { format: 'csv' },
      { columns: { a: 'text', b: 'text' } },
      { columns: { id: 'integer' } },
      { columns: { __file: 'text' } },
      { metadata: false },
      { files: '/a' },
      { poll: '1ms' },
      { lineBytes: '1KiB' },
    ])
      expect(fits(more)).toBe(false);
  });
});
