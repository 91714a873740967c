import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { changeEvents } from '@millrace/formats';
import { ulids } from '@millrace/kernel';
import { testRedis } from '@millrace/testing';
import { idsOfRecord, numbers, runSourceAndKill } from '@millrace/testing/acceptance';
import { DrivenSource, type DriveSourceOptions, RecordedRefusals } from '@millrace/testing/drivers';
import { Worker } from 'bullmq';
import { testQueue } from '../test-support/test-queue.ts';
import { bullmqSource } from './bullmq-source.ts';

/** Jobs that wait when the first process starts, and that come for each later one. */
const FIRST_JOBS = 30;
const MORE_JOBS = 10;

const ids = ({ events }: { readonly events: readonly number[] }): readonly number[] => events;

async function open(more: object = {}) {
  const queue = testQueue((await testRedis()).url);
  const job = { jobId: ulids.next().toLowerCase() };
  const start = (options: Partial<DriveSourceOptions<number>> = {}): Promise<DrivenSource<number>> =>
    DrivenSource.start(bullmqSource, {
      config: queue.config,
      stage: { ...queue.stage, ...more },
      job,
      read: (batch) => changeEvents(batch).map(({ after }) => Number(after!['id'])),
      ...options,
    });
  return { queue, job, start };
}

describe('the source of BullMQ jobs', () => {
  it('completes a job when the snapshot that holds it is committed, and not before', async () => {
    const { queue, start } = await open({ inFlightMax: 20 });
    await using _ = queue;
    await using source = await start();
    await queue.add(numbers(0, 30));
    await source.untilEvents(20);
    const saved = await source.save();
    // As many as may be in flight; the others wait in the queue.
    expect(await queue.counts()).toEqual({ waiting: 10, active: 20, completed: 0, failed: 0 });
    await source.commit(saved.snapshotId);
    await source.untilEvents(30);
    expect(await queue.counts()).toEqual({ waiting: 0, active: 10, completed: 20, failed: 0 });
    await source.snapshot();
    expect(await queue.counts()).toEqual({ waiting: 0, active: 0, completed: 30, failed: 0 });
    // Nothing is left of them that could come again.
    const { entries } = await source.save();
    expect(entries.map(({ value }) => Buffer.from(value).toString())).toEqual(['[]']);
  });

  it('takes prioritized jobs first and delayed ones when they are due', async () => {
    const { queue, start } = await open({
      idColumn: 'job',
      nameColumn: 'name',
      columns: { id: 'integer', job: 'text', name: 'text' },
    });
    await using _ = queue;
    await queue.add([1], { delay: 200 });
    await queue.add([2], { priority: 9 });
    await queue.add([3], { priority: 1, jobId: 'mine' });
    await queue.add([4]);
    await using source = await start();
    await source.untilEvents(4);
    expect(ids(source).filter((id) => id !== 1)).toEqual([4, 3, 2]);
    expect(ids(source)).toContain(1);
    const rows = source.batches.flatMap((batch) => changeEvents(batch).map(({ after }) => after));
    expect(rows).toContainEqual({ id: 3, job: 'mine', name: 'order' });
  });

  it('does not hand a job on again that BullMQ hands out again because its lock had expired', async () => {
    const { queue, start } = await open();
    await using _ = queue;
    await using source = await start();
    await queue.add(numbers(0, 5));
    await source.untilEvents(5);
    const saved = await source.save();
    await queue.withRedis(async (redis) => {
      const key = `${queue.stage.prefix}:orders:`;
      await redis.del(...[1, 2, 3].map((id) => `${key}${id}:lock`), `${key}stalled-check`);
      const connection = redis.duplicate();
      const { prefix } = queue.stage;
      const stalls = new Worker('orders', null, { connection, prefix, autorun: false, stalledInterval: 50 });
      await stalls.startStalledCheckTimer();
      await source.until(() => source.metric('jobsRepeated') >= 3);
      await stalls.close();
      connection.disconnect();
    });
    await source.commit(saved.snapshotId);
    await queue.add([5]);
    await source.untilEvents(6);
    expect(ids(source)).toEqual(numbers(0, 6));
    expect(await queue.counts()).toMatchObject({ active: 1, completed: 5 });
  });

  it('takes what an execution held that does not answer any more, at once, and lets it do no harm when it wakes up', async () => {
    const { queue, start } = await open();
    await using _ = queue;
    const zombie = await start();
    await queue.add(numbers(0, 10));
    await zombie.untilEvents(10);
    const restored = await zombie.save();
    await queue.add(numbers(10, 20));
    await zombie.untilEvents(20);
    // Its locks are held, and its first snapshot was committed without its knowing.
    await using next = await start({ restored, generation: 2 });
    expect(await queue.counts()).toMatchObject({ completed: 10 });
    await next.untilEvents(10);
    expect(ids(next)).toEqual(numbers(10, 20));
    await zombie.commit(restored.snapshotId).catch(() => {});
    await queue.add(numbers(20, 30));
    await next.untilEvents(20);
    await zombie.close();
    await next.snapshot();
    expect(ids(next)).toEqual(numbers(10, 30));
    expect(await queue.counts()).toEqual({ waiting: 0, active: 0, completed: 30, failed: 0 });
    await expect(start({ restored, generation: 1 })).rejects.toMatchObject({ code: { code: 'bullmq.fenced' } });
  });

  it('takes a new job for a new one that has the id of one that was removed', async () => {
    const { queue, start } = await open();
    await using _ = queue;
    const first = await start();
    const opts = { jobId: 'same', removeOnComplete: true };
    await queue.add([1], opts);
    await first.untilEvents(1);
    const restored = await first.snapshot();
    await first.close();
    await queue.add([2], opts);
    await using next = await start({ restored, generation: 2 });
    await next.untilEvents(1);
    expect(ids(next)).toEqual([2]);
  });

  it('sets jobs aside that it cannot read and fails them, and reads them again when they come back', async () => {
    const refusals = new RecordedRefusals();
    const { queue, start } = await open();
    await using _ = queue;
    await queue.withQueue(async (bull) => {
      await bull.add('order', { id: 'many' }, { attempts: 5 });
      await bull.add('order', 'text');
      await bull.add('order', { id: 1, note: 'a' });
    });
    const strict = await start();
    await expect(strict.untilEvents(1)).rejects.toMatchObject({ code: { code: 'bullmq.row_refused' } });
    await strict.close();
    await using source = await start({ refusals, generation: 2 });
    await source.untilEvents(1);
    expect(refusals.refused.map(({ after }) => [after!['job'], after!['data']])).toEqual([
      ['1', '{"id":"many"}'],
      ['2', '"text"'],
    ]);
    await source.snapshot();
    expect(await queue.counts()).toEqual({ waiting: 0, active: 0, completed: 1, failed: 2 });
    const [letter] = refusals.refused;
    await source.giveBack({ ...letter!, after: { ...letter!.after, data: '{"id":7}' } });
    expect(ids(source)).toEqual([1, 7]);
  });

  it('hands every job on once and completes it, when processes are killed with -9, each a little later', async () => {
    const { queue, job } = await open();
    await using _ = queue;
    const folder = mkdtempSync(join(tmpdir(), 'millrace-bullmq-'));
    const record = join(folder, 'record.json');
    const { config, stage } = queue;
    const module = { url: new URL('./bullmq-source.ts', import.meta.url).href, name: 'bullmqSource' };
    const run = (killAt: number, last: number) =>
      runSourceAndKill({ module, config, stage, jobId: job.jobId, record, killAt, last });
    try {
      let end = FIRST_JOBS;
      await queue.add(numbers(0, end));
      // After it has handed rows on, with a state that is in the commit record, and half committed.
      for (const killAt of [3, 9, 11]) {
        await queue.add(numbers(end, end + MORE_JOBS));
        end += MORE_JOBS;
        await run(killAt, end + MORE_JOBS);
      }
      await queue.add([end]);
      expect(await run(0, end)).toBe(false);
      expect(idsOfRecord(record).toSorted((a, b) => a - b)).toEqual(numbers(0, end + 1));
      expect(await queue.counts()).toEqual({ waiting: 0, active: 0, completed: end + 1, failed: 0 });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, 60_000);
});
