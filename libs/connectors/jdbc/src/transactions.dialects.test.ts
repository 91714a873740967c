import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ChangeFeed, type TestEvent, tableSchema, UNSENT } from './test-support/change-feed.ts';
import { startSink } from './test-support/drive.ts';
import { TARGETS, type TestTarget } from './test-support/targets.ts';

let count = 0;
const shape = () => tableSchema(`public.t${count++}`, { '*id': 'integer', v: 'text' });
const create = (schema: ReturnType<typeof shape>, id: number, v: string | null): TestEvent => ({
  op: 'Create',
  schema,
  after: { id: `${id}`, v },
});

describe.each(TARGETS)('at %s', (_, open) => {
  let database: TestTarget;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(async () => {
    await database[Symbol.asyncDispose]();
  });
  const counted = async (table: string): Promise<number> =>
    Number((await database.query(`select count(*) as count from ${table}`))[0]!['count']);
  const progressOf = async (jobId: string): Promise<unknown> => {
    const rows = await database.query(
      `select commit_lsn, event_index as idx from millrace_progress where job_id = '${jobId}'`,
    );
    return rows.map((row) => [row['commit_lsn'], Number(row['idx'])]);
  };

  describe('transactions of the source', () => {
    it('are never seen in half', async () => {
      const schema = shape();
      const sink = await startSink(database.connection, { jobId: 'half' });
      const version = (v: number) => Array.from({ length: 40 }, (_, id) => create(schema, id, `${v}`));
      await sink.write(...new ChangeFeed(7).transaction(16n, version(0)).take());
      await sink.complete();
      let isDone = false;
      const seen = new Set<number>();
      const reading = (async () => {
        while (!isDone) {
          const [row] = await database.query(
            `select count(*) as rows_, count(distinct v) as versions from ${schema.table}`,
          );
          seen.add(Number(row!['rows_']) * 1_000 + Number(row!['versions']));
          await new Promise((resolve) => setImmediate(resolve));
        }
      })();
      for (let v = 1; v <= 60; v++) {
        for (const batch of new ChangeFeed(7).transaction(BigInt(16 + v), version(v)).take()) {
          await sink.write(batch);
          // The socket gets its turn between the batches of one transaction.
          await new Promise((resolve) => setImmediate(resolve));
        }
      }
      await sink.complete();
      isDone = true;
      await reading;
      expect([...seen]).toEqual([40_001]);
      await sink.close();
    });

    it('share a target transaction under load, and do not wait when idle', async () => {
      const schema = shape();
      const sink = await startSink(database.connection, { jobId: 'share' });
      const feed = new ChangeFeed(10);
      for (let lsn = 1; lsn <= 2_000; lsn++) feed.transaction(BigInt(lsn), [create(schema, lsn, 'x')]);
      await sink.write(...feed.take());
      await sink.complete();
      expect(sink.metric('transactions')).toBeLessThan(200);
      const before = sink.metric('transactions');
      // One after the other: each is written without anything that follows it.
      for (let lsn = 2_001; lsn <= 2_003; lsn++) {
        await sink.write(...new ChangeFeed().transaction(BigInt(lsn), [create(schema, lsn, 'x')]).take());
        await sink.complete();
      }
      expect(sink.metric('transactions')).toBe(before + 3);
      expect(sink.metric('rowsWritten')).toBe(2_003);
      await sink.close();
    });

    it('of 50,000 large rows are written in parts, with bounded memory, and appear at once', async () => {
      setFlagsFromString('--expose-gc');
      const collect = runInNewContext('gc') as () => void;
      // The second run waits for the buffers that the first one found.
      const gc = (): void => {
        collect();
        collect();
      };
      const schema = shape();
      const sink = await startSink(database.connection, { jobId: 'huge' });
      await sink.write(...new ChangeFeed().transaction(1n, [create(schema, -1, 'before')]).take());
      await sink.complete();
      gc();
      const start = process.memoryUsage().arrayBuffers;
      let most = 0;
      const value = 'v'.repeat(1_000);
      const rows = 50_000;
      for (let from = 0; from < rows; from += 500) {
        const part = Array.from({ length: 500 }, (_, index) => create(schema, from + index, value));
        await sink.write(...new ChangeFeed().transaction(2n, part, { from, open: true }).take());
        if (from % 5_000 === 0) {
          gc();
          most = Math.max(most, process.memoryUsage().arrayBuffers - start);
          expect(await counted(schema.table)).toBe(1);
        }
      }
      // The end comes alone.
      await sink.write(...new ChangeFeed().transaction(2n, [], { from: rows }).take());
      await sink.prepare(1);
      expect(await counted(schema.table)).toBe(rows + 1);
      expect(await progressOf('huge')).toEqual([['0/2', rows - 1]]);
      // 50 MB went through: two times what may wait, and what is on its way.
      expect(most).toBeLessThan(24 * 1_048_576);
      expect(sink.metric('transactions')).toBe(2);
      await sink.close();
    });
  });

  describe('a refused row', () => {
    const feedWith = (schema: ReturnType<typeof shape>, bad: TestEvent) =>
      new ChangeFeed(5)
        .transaction(16n, [create(schema, 1, 'a'), create(schema, 2, 'b')])
        .transaction(32n, [create(schema, 3, 'c'), create(schema, 4, 'd'), bad, create(schema, 6, 'f')])
        .transaction(48n, [create(schema, 7, 'g')]);

    it('fails the job with its key and position; what came before is committed, and after the repair it goes on', async () => {
      const schema = shape();
      await database.query(
        `create table ${schema.table} (id integer primary key, v varchar(3) check (length(v) <= 3))`,
      );
      const bad = create(schema, 5, 'too long');
      const sink = await startSink(database.connection, { jobId: 'refuse' });
      const state = await sink.prepare(1);
      await sink.write(...feedWith(schema, bad).take());
      expect(await sink.failure).toMatchObject({
        code: { code: 'jdbc.row_refused', retry: 'after-repair' },
        message: expect.stringMatching(/"5".*0\/20 index 2.*(value too long|Data too long|CHECK constraint failed)/),
        details: { source: schema.id, key: { id: '5' }, commitLsn: '0/20', index: 2 },
      });
      await sink.close();
      expect(await database.query(`select id from ${schema.table} order by id`)).toEqual([{ id: 1 }, { id: 2 }]);
      expect(await progressOf('refuse')).toEqual([['0/10', 1]]);

      await database.query(`drop table ${schema.table}`);
      await database.query(`create table ${schema.table} (id integer primary key, v varchar(10))`);
      await database.query(`insert into ${schema.table} values (1, 'a'), (2, 'b')`);
      const again = await startSink(database.connection, { jobId: 'refuse', generation: 2, restored: 1, state });
      await again.write(...feedWith(schema, bad).take());
      await again.complete();
      expect([again.metric('skippedEvents'), again.metric('rowsWritten')]).toEqual([2, 5]);
      expect(await database.query(`select id from ${schema.table} order by id`)).toHaveLength(7);
      await again.close();
    });

    it.each([3, 7_000, 14_000])('in a transaction written in parts takes nothing of it along (row %i)', async (bad) => {
      const schema = shape();
      await database.query(
        `create table ${schema.table} (id integer primary key, v varchar(2000) check (length(v) <= 2000))`,
      );
      const sink = await startSink(database.connection, { jobId: `parts-${bad}` });
      await sink.write(...new ChangeFeed().transaction(16n, [create(schema, -1, 'a')]).take());
      const value = 'v'.repeat(2_000);
      const feeding = (async () => {
        for (let from = 0; from < 15_000; from += 500) {
          const part = Array.from({ length: 500 }, (_, index) =>
            create(schema, from + index, from + index === bad ? `${value}!` : value),
          );
          await sink.write(...new ChangeFeed().transaction(32n, part, { from, open: from < 14_500 }).take());
        }
        await sink.complete();
      })();
      await expect(feeding).rejects.toMatchObject({
        code: { code: 'jdbc.row_refused' },
        details: { key: { id: String(bad) }, index: bad },
      });
      expect(await database.query(`select id from ${schema.table}`)).toEqual([{ id: -1 }]);
      await sink.close();
    });

    it('is none when only the order inside a batch was in the way', async () => {
      const schema = shape();
      await database.query(`create table ${schema.table} (id integer primary key, v varchar(20) unique)`);
      const sink = await startSink(database.connection, { jobId: 'swap' });
      const update = (id: string, v: string): TestEvent => ({ op: 'Update', schema, after: { id, v } });
      await sink.write(...new ChangeFeed().transaction(16n, [create(schema, 1, 'a'), create(schema, 2, 'b')]).take());
      await sink.complete();
      await sink.write(
        ...new ChangeFeed().transaction(32n, [update('1', 'tmp'), update('2', 'a'), update('1', 'b')]).take(),
      );
      await sink.complete();
      expect(await database.query(`select * from ${schema.table} order by id`)).toEqual([
        { id: 1, v: 'b' },
        { id: 2, v: 'a' },
      ]);
      await sink.close();
    });
  });

  describe('an update that leaves a large field unchanged', () => {
    it('of a row the target does not have is refused, but tolerated while its table is loading', async () => {
      const schema = tableSchema(`public.t${count++}`, { '*id': 'integer', v: 'text', big: 'text' });
      const sink = await startSink(database.connection, { jobId: 'missing' });
      const update: TestEvent = { op: 'Update', schema, after: { id: '1', v: 'x', big: UNSENT } };
      await sink.write(...new ChangeFeed().transaction(16n, [{ ...update, loading: true }]).take());
      await sink.complete();
      await sink.write(...new ChangeFeed().transaction(32n, [update]).take());
      expect(await sink.failure).toMatchObject({
        code: { code: 'jdbc.row_refused' },
        message: expect.stringContaining('does not have the row'),
        details: { key: { id: '1' }, commitLsn: '0/20', index: 0 },
      });
      await sink.close();
    });
  });
});
