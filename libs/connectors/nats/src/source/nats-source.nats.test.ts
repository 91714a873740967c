import { expect, it } from '@jest/globals';
import { changeEvents } from '@millrace/formats';
import { ulids } from '@millrace/kernel';
import { testNats } from '@millrace/testing';
import { DrivenSource, RecordedRefusals, type SavedSnapshot } from '@millrace/testing/drivers';
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

it('sets messages aside that are no rows, and reads them again when they come back', async () => {
  const { url } = await testNats();
  const { stream, start } = await open(url);
  await stream.publish([...bodies(0, 2), '{"id":"many"}', ...bodies(3, 4)]);
  const refusals = new RecordedRefusals();
  const source = await start({ refusals });
  await source.until(() => source.events.length >= 3);
  const [letter] = refusals.refused;
  const place = { stream: stream.name, subject: `${stream.name}.orders`, sequence: '3', cut: null };
  expect(letter!.after).toEqual({ ...place, value: '{"id":"many"}' });
  await source.giveBack(letter!);
  expect(refusals.refused.map(({ after }) => after)).toEqual([letter!.after, letter!.after]);
  await source.giveBack({ ...letter!, after: { ...letter!.after, value: '{"id":2}' } });
  expect(source.events).toEqual([0, 1, 3, 2]);
  expect(refusals.reasons).toEqual(['nats.row_refused', 'nats.row_refused']);
  await source.close();
  await stream.remove();
});

it('sets messages aside once, whatever the snapshot is that a source goes on from', async () => {
  const { url } = await testNats();
  const { stream, start } = await open(url);
  const sent = bodies(0, 3_000).map((body, id) => (id % 300 === 7 ? `broken ${id}` : body));
  await stream.publish(sent);
  const seen: number[] = [];
  const aside: unknown[] = [];
  let restored: SavedSnapshot | undefined;
  for (let generation = 1; seen.at(-1) !== 2_999; generation++) {
    const refusals = new RecordedRefusals();
    const source = await start({ restored, generation, refusals });
    const before = source.events.length;
    await source.until(() => source.events.length > before);
    restored = await source.save();
    seen.push(...source.events);
    aside.push(...refusals.refused.map(({ after }) => after!['value']));
    await source.close();
  }
  expect(aside).toEqual(sent.filter((body) => body.startsWith('broken')));
  expect(seen).toEqual(Array.from({ length: 3_000 }, (_, id) => id).filter((id) => id % 300 !== 7));
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
