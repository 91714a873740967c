import { expect, it } from '@jest/globals';
import { changeEvents } from '@millrace/formats';
import { ulids } from '@millrace/kernel';
import { testNats } from '@millrace/testing';
import { DrivenSource } from '@millrace/testing/drivers';
import { atServer, openStream } from '../test-support/test-stream.ts';
import { natsSource } from './nats-source.ts';

const read = (batch: Parameters<typeof changeEvents>[0]): number[] =>
  changeEvents(batch).map(({ after }) => Number(after!['id']));

const bodies = (start: number, end: number): string[] =>
  Array.from({ length: end - start }, (_, index) => JSON.stringify({ id: start + index }));

async function open(url: string, options: { readonly subjects?: readonly string[]; readonly consumer?: string } = {}) {
  const stream = await openStream(url);
  const stage = { stream: stream.name, table: 'public.orders', columns: { id: 'integer' }, ...options };
  const job = { jobId: ulids.next() };
  return {
    stream,
    start: (more: object = {}) =>
      DrivenSource.start(natsSource, { config: { servers: [url] }, stage, job, read, ...more }),
  };
}

it('shows tools the committed position by a consumer of its own', async () => {
  const { url } = await testNats();
  const { stream, start } = await open(url, { consumer: 'orders-job' });
  await stream.publish(bodies(0, 30));
  const source = await start();
  await source.until(() => source.events.length >= 30);
  const shown = () =>
    atServer(url, async (_, { consumers }) => (await consumers.info(stream.name, 'orders-job')).ack_floor.stream_seq);
  const saved = await source.save();
  await expect(shown()).rejects.toThrow('consumer not found');
  await source.commit(saved.snapshotId);
  // It waits for that, within its limit.
  await source.close();
  expect(await shown()).toBe(30);
  await stream.remove();
});

it('says which message is no row', async () => {
  const { url } = await testNats();
  const { stream, start } = await open(url);
  await stream.publish([...bodies(0, 2), '{"id":"many"}']);
  const source = await start();
  const reading = source.until(() => source.events.length >= 3);
  await expect(reading).rejects.toMatchObject({
    code: { code: 'nats.row_refused' },
    message: expect.stringContaining('message 3'),
  });
  await source.close();
  await stream.remove();
});

it('does not take a stream that was made anew for the one it had read', async () => {
  const { url } = await testNats();
  const { stream, start } = await open(url);
  await stream.publish(bodies(0, 10));
  const first = await start();
  await first.until(() => first.events.length >= 5);
  const restored = await first.save();
  await first.close();
  await stream.remove();
  await openStream(url, stream.name);
  await stream.publish(bodies(0, 20));
  await expect(start({ restored, generation: 2 })).rejects.toMatchObject({ code: { code: 'nats.position_lost' } });
  await stream.remove();
});
