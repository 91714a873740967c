import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ulids } from '@millrace/kernel';
import { type TestDatabase, testPostgres } from '@millrace/testing';
import { Catalog, CatalogLetterStore, SecretBox } from '../index.ts';

const secretBox = SecretBox.of(Buffer.alloc(32, 1).toString('base64'));
const NOTHING = { replayed: [], discarded: [] };

describe('the letters of a stage', () => {
  let database: TestDatabase;
  let catalog: Catalog;
  let jobId: string;

  beforeAll(async () => {
    database = await (await testPostgres()).createDatabase('letters');
    catalog = await Catalog.open({ url: database.url, secretBox, env: {} });
  });
  afterAll(async () => {
    await catalog?.[Symbol.asyncDispose]();
    await database?.[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    jobId = ulids.next();
    await catalog.jobs.create(jobId, { name: `job-${jobId}`, document: {}, uses: { source: [], sink: [] } });
  });

  const open = (generation: number, openMax = 100) =>
    new CatalogLetterStore(database.url, { jobId, stage: 'parsed', generation, openMax });
  const letter = (number: number, attempts = 1, message = 'no number') => ({
    number,
    reason: 'sql.invalid_text',
    message,
    mend: undefined,
    isParked: false,
    rowKey: { id: String(number % 10) },
    record: {
      op: 'c',
      schema: { id: 'public.t' },
      after: { id: String(number % 10) },
      position: { commitLsn: '0/1A', index: number },
      commitTimeUs: '1764288000000000',
    },
    attempts,
  });
  const shown = async (): Promise<string[]> =>
    (
      await database.query<{ line: string }>(
        "select number || ' ' || state || ' ' || attempts || ' ' || message as line from millrace.dead_letter where job_id = $1 order by number",
        [jobId],
      )
    ).map(({ line }) => line);
  const decide = (state: string, numbers: number[]) =>
    database.query('update millrace.dead_letter set state = $2 where job_id = $1 and number = any ($3)', [
      jobId,
      state,
      numbers,
    ]);

  it('are seen when the snapshot that seals them is committed, and once', async () => {
    await using store = open(1);
    expect(await store.recover(undefined)).toBe(0);
    await store.add([letter(1), letter(2)]);
    await store.seal(7);
    await store.add([letter(3)]);
    expect(await shown()).toEqual([]);
    await store.publish(7, NOTHING);
    expect(await shown()).toEqual(['1 open 1 no number', '2 open 1 no number']);
    await store.publish(7, NOTHING);
    expect(await shown()).toHaveLength(2);
    const [row] = await database.query(
      "select table_id, row_key, commit_lsn, event_index, committed_at at time zone 'utc' = '2025-11-28' as is_day from millrace.dead_letter where job_id = $1",
      [jobId],
    );
    expect(row).toEqual({
      table_id: 'public.t',
      row_key: { id: '1' },
      commit_lsn: '0/1A',
      event_index: 1,
      is_day: true,
    });
  });

  it('of a snapshot that was not committed are gone for an execution that goes on from an earlier one', async () => {
    await using dead = open(1);
    await dead.add([letter(1)]);
    await dead.seal(4);
    await dead.publish(4, NOTHING);
    await dead.add([letter(2)]);
    await dead.seal(5);
    await dead.add([letter(3)]);
    await using store = open(2);
    expect(await store.recover({ snapshotId: 4, generation: 1, handled: NOTHING })).toBe(1);
    // A zombie goes on writing: nobody will ever commit its snapshot.
    await dead.add([letter(4)]);
    await dead.seal(5);
    await store.add([letter(2, 1, 'again')]);
    await store.seal(5);
    await store.publish(5, NOTHING);
    expect(await shown()).toEqual(['1 open 1 no number', '2 open 1 again']);
    await using next = open(3);
    await next.recover({ snapshotId: 5, generation: 2, handled: NOTHING });
    expect(await shown()).toHaveLength(2);
  });

  it('are shown by the next execution when a crash came between the commit record and phase two', async () => {
    await using dead = open(1);
    await dead.add([letter(1)]);
    await dead.seal(9);
    await using store = open(2);
    expect(await store.recover({ snapshotId: 9, generation: 1, handled: NOTHING })).toBe(1);
    expect(await shown()).toEqual(['1 open 1 no number']);
  });

  it('come back in order, are told once handled, and are open again when they were refused again', async () => {
    await using store = open(1);
    await store.add([letter(1), letter(2), letter(12), letter(3)]);
    await store.seal(1);
    await store.publish(1, NOTHING);
    await decide('replaying', [1, 2, 3]);
    const { requests, hasMore } = await store.requests([3]);
    expect(hasMore).toBe(false);
    expect(requests.map(({ kind, number, leavesOthers }) => [kind, number, leavesOthers])).toEqual([
      ['replay', 1, false],
      // Letter 12 is of the same key.
      ['replay', 2, true],
    ]);
    await store.add([letter(2, 2, 'still none')]);
    await store.seal(2);
    const handled = { replayed: [1, 2].map((number) => ({ number, attempts: 1 })), discarded: [] };
    await store.publish(2, handled);
    expect(await shown()).toEqual([
      '1 replayed 1 no number',
      '2 open 2 still none',
      '3 replaying 1 no number',
      '12 open 1 no number',
    ]);
    // Phase two comes again after a crash, when somebody has asked for it once more: that is another attempt.
    await decide('replaying', [2]);
    await store.publish(2, handled);
    expect((await shown())[1]).toBe('2 replaying 2 still none');
  });

  it('that were given up are told to the stage once', async () => {
    await using store = open(1);
    await store.add([letter(1)]);
    await store.seal(1);
    await store.publish(1, NOTHING);
    await decide('discarded', [1]);
    expect((await store.requests([])).requests.map(({ kind, number }) => [kind, number])).toEqual([['discard', 1]]);
    await store.publish(2, { replayed: [], discarded: [1] });
    expect((await store.requests([])).requests).toEqual([]);
  });

  it('are replayed no faster than asked', async () => {
    await using store = open(1);
    await store.add(Array.from({ length: 30 }, (_, index) => letter(index + 1)));
    await store.seal(1);
    await store.publish(1, NOTHING);
    await database.query("update millrace.dead_letter set state = 'replaying', replay_rate = 7 where job_id = $1", [
      jobId,
    ]);
    const { requests, hasMore } = await store.requests([]);
    expect([requests.length, hasMore]).toEqual([7, false]);
  });

  it('fail the job when there are too many', async () => {
    await using store = open(1, 3);
    await store.add([letter(1), letter(2), letter(3)]);
    await expect(store.add([letter(4, 1, 'the last straw')])).rejects.toMatchObject({
      code: { code: 'dead_letter.too_many' },
      message: expect.stringContaining('the last straw'),
    });
  });

  it('go with their job', async () => {
    await using store = open(1);
    await store.add([letter(1)]);
    await store.seal(1);
    await store.publish(1, NOTHING);
    await store.add([letter(2)]);
    await database.query('delete from millrace.job where id = $1', [jobId]);
    expect(await shown()).toEqual([]);
    await expect(store.add([letter(3)])).rejects.toThrow();
  });
});
