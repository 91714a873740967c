import { expect, it } from '@jest/globals';
import { declaredRow, declaredSchema, encodeRows } from '@millrace/formats';
import { ulids } from '@millrace/kernel';
import { testNats } from '@millrace/testing';
import { insertBatches } from '@millrace/testing/acceptance';
import { DrivenSink, RecordedRefusals } from '@millrace/testing/drivers';
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

it('sets rows aside that are larger than the server takes, and later ones of their key', async () => {
  const { url } = await testNats();
  const { name, ...stream } = await openStream(url);
  const schema = declaredSchema({ table: 'public.orders', columns: { id: 'integer', note: 'text' }, key: ['id'] });
  const rows = (...notes: readonly (readonly [id: number, note: string])[]) =>
    encodeRows(
      schema,
      notes.map(([id, note]) =>
        declaredRow(schema.columns, (column) => (column.name === 'id' ? String(id) : note), true),
      ),
      { receivedMs: 0 },
    );
  const refusals = new RecordedRefusals();
  const sink = await DrivenSink.start(natsSink, {
    config: { servers: [url] },
    stage: { stream: name, subject: `${name}.{table}`, createStream: { subjects: [`${name}.>`] } },
    job: { jobId: ulids.next() },
    refusals,
  });
  await sink.write(rows([1, 'a'], [2, 'x'.repeat(1_048_576)], [2, 'b'], [3, 'c']), rows([2, 'd'], [4, 'e']));
  await sink.snapshot(1);
  await sink.close();
  expect(refusals.aside.map((text) => text.slice(0, 11))).toEqual(['refused 2 x', 'parked 2 b', 'parked 2 d']);
  expect(refusals.reasons).toEqual(['nats.message_too_large']);
  const ids = (await stream.bodies()).map((body) => (JSON.parse(body) as { id: number }).id);
  expect(ids).toEqual([1, 3, 4]);
  await stream.remove();
});
