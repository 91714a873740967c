import { expect, it } from '@jest/globals';
import { changeEvents } from '@millrace/formats';
import { ulids } from '@millrace/kernel';
import { ArtemisServer } from '@millrace/testing';
import { insertBatches, numbers } from '@millrace/testing/acceptance';
import { DrivenSink, DrivenSource, type SavedSnapshot } from '@millrace/testing/drivers';
import { amqpSink } from './connector.ts';
import { amqpSource } from './source/amqp-source.ts';
import { configAt } from './test-support/test-queue.ts';

const ROWS = 3_000;
const SNAPSHOTS = 3;
const KILLED_AT = 2;

it('has each row once in a queue, and reads each once, when the broker is killed in the middle of commits', async () => {
  await using server = await ArtemisServer.start();
  const config = configAt(server.host);
  const job = { jobId: ulids.next() };
  const address = `t.${ulids.next()}`;
  const seen: number[] = [];
  let generation = 0;
  let stored: SavedSnapshot | undefined;
  let read: SavedSnapshot | undefined;
  const startSink = () =>
    DrivenSink.start(amqpSink, { config, job, generation, restored: stored, stage: { address: `${address}.{table}` } });
  const startSource = () =>
    DrivenSource.start(amqpSource, {
      config,
      job: { jobId: `${job.jobId}-back` },
      generation,
      restored: read,
      stage: { address: `${address}.orders`, table: 'public.orders', columns: { id: 'integer' } },
      read: (batch) => changeEvents(batch).map(({ after }) => Number(after!['id'])),
    });
  const start = async () => {
    generation += 1;
    return { sink: await startSink(), source: await startSource() };
  };

  let { sink, source } = await start();
  for (let snapshotId = 1; snapshotId <= SNAPSHOTS; snapshotId++) {
    await sink.write(...insertBatches((snapshotId - 1) * ROWS, snapshotId * ROWS));
    stored = { snapshotId, entries: await sink.prepare(snapshotId) };
    if (snapshotId !== KILLED_AT) {
      await sink.commit(snapshotId);
      await source.untilEvents(ROWS);
      read = await source.save();
      seen.push(...source.events.splice(0));
      // What is read and not acknowledged when the broker is killed.
      if (snapshotId + 1 !== KILLED_AT) await source.commit(read.snapshotId);
      continue;
    }
    // Both are about a commit, and what becomes of it nobody knows.
    const going = [sink.commit(snapshotId), source.commit(read!.snapshotId)];
    const restarting = server.restart('SIGKILL');
    await Promise.allSettled(going);
    await restarting;
    await Promise.allSettled([sink.close(), source.close()]);
    ({ sink, source } = await start());
    await source.untilEvents(ROWS);
    read = await source.save();
    seen.push(...source.events.splice(0));
  }
  await source.commit(read!.snapshotId);
  await Promise.all([sink.close(), source.close()]);
  expect(seen.toSorted((a, b) => a - b)).toEqual(numbers(0, SNAPSHOTS * ROWS));
}, 120_000);
