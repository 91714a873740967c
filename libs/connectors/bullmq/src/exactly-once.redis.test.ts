import { expect, it } from '@jest/globals';
import { ulids } from '@millrace/kernel';
import { testRedis } from '@millrace/testing';
import { insertBatches, numbers } from '@millrace/testing/acceptance';
import { DrivenSink } from '@millrace/testing/drivers';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { bullmqSink } from './connector.ts';

it('adds nothing when a commit comes again after its jobs were done and removed', async () => {
  const { url } = await testRedis();
  const { hostname, port } = new URL(url);
  const prefix = `t${ulids.next()}`;
  const connection = new Redis(url, { maxRetriesPerRequest: null });
  const queue = new Queue<{ row: { id: number } }>('orders', { connection, prefix });
  const options = {
    config: { host: hostname, port: Number(port) },
    stage: { prefix },
    job: { jobId: ulids.next() },
  };
  const first = await DrivenSink.start(bullmqSink, options);
  await first.write(...insertBatches(0, 700));
  const entries = await first.prepare(1);
  await first.commit(1);
  await first.close();
  const added = await queue.getJobs(['waiting'], 0, -1, true);
  expect(added.map(({ data }) => data.row.id)).toEqual(numbers(0, 700));
  expect(new Set(added.map(({ id }) => id)).size).toBe(700);
  // With their ids BullMQ forgets that they were there.
  await queue.obliterate({ force: true });
  await (
    await DrivenSink.start(bullmqSink, { ...options, generation: 2, restored: { snapshotId: 1, entries } })
  ).close();
  expect(await queue.getJobCounts()).toMatchObject({ waiting: 0, delayed: 0, prioritized: 0 });
  await queue.close();
  connection.disconnect();
});
