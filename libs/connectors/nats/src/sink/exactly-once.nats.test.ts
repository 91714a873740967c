import { expect, it } from '@jest/globals';
import { ulids } from '@millrace/kernel';
import { testNats } from '@millrace/testing';
import { insertBatches } from '@millrace/testing/acceptance';
import { DrivenSink } from '@millrace/testing/drivers';
import { natsSink } from '../connector.ts';
import { atServer, openStream } from '../test-support/test-stream.ts';

it('counts a commit once that comes again after the window in which the server knows duplicates', async () => {
  const { url } = await testNats();
  const { name, ...stream } = await openStream(url);
  // The shortest there is: what a message id could tell is forgotten at once.
  await atServer(url, (_, { streams }) => streams.update(name, { duplicate_window: 100_000_000 }));
  const options = {
    config: { servers: [url] },
    stage: { stream: name, subject: `${name}.{table}`, createStream: { subjects: [`${name}.>`] } },
    job: { jobId: ulids.next() },
  };
  const first = await DrivenSink.start(natsSink, options);
  await first.write(...insertBatches(0, 2_500));
  const entries = await first.prepare(1);
  await first.commit(1);
  await first.close();
  await new Promise((resolve) => setTimeout(resolve, 300));
  for (const generation of [2, 3]) {
    const restored = { snapshotId: 1, entries };
    await (await DrivenSink.start(natsSink, { ...options, generation, restored })).close();
  }
  const ids = (await stream.bodies()).map((body) => (JSON.parse(body) as { id: number }).id);
  expect(ids).toEqual(Array.from({ length: 2_500 }, (_, id) => id));
  await stream.remove();
});

it('says that the message is gone by which it would know what is committed', async () => {
  const { url } = await testNats();
  const { name, ...stream } = await openStream(url);
  const options = {
    config: { servers: [url] },
    stage: { stream: name, subject: `${name}.{table}`, createStream: { subjects: [`${name}.>`] } },
    job: { jobId: ulids.next() },
  };
  const first = await DrivenSink.start(natsSink, options);
  await first.write(...insertBatches(0, 20));
  const entries = await first.prepare(1);
  await first.commit(1);
  await first.close();
  await stream.purge();
  const next = DrivenSink.start(natsSink, { ...options, generation: 2, restored: { snapshotId: 1, entries } });
  await expect(next).rejects.toMatchObject({ code: { code: 'nats.progress_lost' }, mend: expect.any(String) });
  await stream.remove();
});
