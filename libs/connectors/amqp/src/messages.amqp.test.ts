import { expect, it } from '@jest/globals';
import { changeEvents } from '@millrace/formats';
import { ulids } from '@millrace/kernel';
import { testAmqp } from '@millrace/testing';
import { insertBatches } from '@millrace/testing/acceptance';
import { DrivenSink, DrivenSource, RecordedRefusals } from '@millrace/testing/drivers';
import rhea from 'rhea';
import { amqpSink } from './connector.ts';
import { amqpSource } from './source/amqp-source.ts';
import { configAt, rowMessages, testQueue } from './test-support/test-queue.ts';

const read = (batch: Parameters<typeof changeEvents>[0]): number[] =>
  changeEvents(batch).map(({ after }) => Number(after!['id']));

async function open(more: object = {}) {
  const { host } = await testAmqp();
  const queue = testQueue(host);
  const stage = { address: queue.name, table: 'public.orders', columns: { id: 'integer' }, ...more };
  const job = { jobId: ulids.next() };
  const start = (options: object = {}) =>
    DrivenSource.start(amqpSource, { config: configAt(host), stage, job, read, ...options });
  return { queue, start };
}

it('sends durable messages with what JMS programs look at', async () => {
  const { host } = await testAmqp();
  const address = `t.${ulids.next()}`;
  const job = { jobId: ulids.next() };
  const stage = { address: `${address}.{table}`, group: 'key' };
  await using sink = await DrivenSink.start(amqpSink, { config: configAt(host), stage, job });
  await sink.write(...insertBatches(0, 2));
  await sink.snapshot(1);
  const messages = await testQueue(host, `${address}.orders`).read();
  expect(messages).toMatchObject(
    [0, 1].map((id) => ({
      durable: true,
      subject: 'c',
      message_id: `${job.jobId}-stage-1-1-${id}`,
      group_id: `public.orders{"id":${id}}`,
      application_properties: { op: 'c', table: 'public.orders' },
      body: JSON.stringify({ id, note: 'x' }),
    })),
  );
});

it('reads text and bytes, and asks for a message id', async () => {
  const { queue, start } = await open();
  await queue.send([
    ...rowMessages([0]),
    { message_id: ulids.next(), body: rhea.message.data_section(Buffer.from('{"id":1}')) },
    { message_id: Buffer.from('id'), body: Buffer.from('{"id":2}') },
  ]);
  await using source = await start();
  expect(await source.untilEvents(3)).toEqual([0, 1, 2]);
  await queue.send([{ body: '{"id":3}' }]);
  await expect(source.untilEvents(4)).rejects.toMatchObject({ code: { code: 'amqp.message_id_missing' } });
});

it('takes messages without an id where they may come twice, and acknowledges them with the snapshot', async () => {
  const { queue, start } = await open({ duplicates: 'allow' });
  await queue.send([{ body: '{"id":0}' }]);
  const first = await start();
  await first.untilEvents(1);
  await first.save();
  await first.close();
  const second = await start({ generation: 2 });
  expect(await second.untilEvents(1)).toEqual([0]);
  await second.snapshot();
  await second.close();
  expect(await queue.read()).toEqual([]);
});

it('takes no more messages than may wait for a snapshot', async () => {
  const { queue, start } = await open({ unacknowledgedMax: 10, credit: 4 });
  await queue.send(rowMessages(Array.from({ length: 25 }, (_, id) => id)));
  await using source = await start();
  await source.untilEvents(10);
  await queue.send(rowMessages([25]));
  await source.snapshot();
  expect(source.events).toHaveLength(10);
  await source.untilEvents(20);
  await source.snapshot();
  expect((await source.untilEvents(26)).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 26 }, (_, id) => id));
});

it('sets a message aside that is no row, with where it was, and goes on behind it', async () => {
  const { queue, start } = await open();
  await queue.send([
    ...rowMessages([0]),
    { message_id: 'poison', subject: 'c', body: '{"id":"many"}' },
    ...rowMessages([2]),
  ]);
  const refusals = new RecordedRefusals();
  await using source = await start({ refusals });
  expect(await source.untilEvents(2)).toEqual([0, 2]);
  expect(refusals.reasons).toEqual(['amqp.row_refused']);
  expect(refusals.refused[0]!.after).toMatchObject({
    address: queue.name,
    message_id: 'poison',
    value: '{"id":"many"}',
  });
});
