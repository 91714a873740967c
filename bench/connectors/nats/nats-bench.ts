import { declaredSchema, encodeRows } from '@millrace/formats';
import { ulids } from '@millrace/kernel';
import { NatsServer } from '@millrace/testing';
import { DrivenSink, DrivenSource } from '@millrace/testing/drivers';
import { natsSink } from '../../../libs/connectors/nats/src/connector.ts';
import { natsSource } from '../../../libs/connectors/nats/src/source/nats-source.ts';
import { atServer, openStream } from '../../../libs/connectors/nats/src/test-support/test-stream.ts';
import type { BenchOptions } from '../../harness/options.ts';
import { alternate } from '../../harness/result.ts';
import type { Comparison, ConnectorBench } from '../connector-bench.ts';

const ROWS = 500_000;
const BATCH_ROWS = 1_000;
const SNAPSHOT_ROWS = 50_000;
const NOTE = 'n'.repeat(100);
const TABLE = { table: 'public.orders', columns: { id: 'integer', note: 'text' }, key: ['id'] } as const;

const perSecond = async (rows: number, run: () => Promise<unknown>): Promise<number> => {
  const startMs = performance.now();
  await run();
  return (rows * 1_000) / (performance.now() - startMs);
};

/** NATS as a sink, exactly once with a snapshot every 50,000 rows, and as a source, each against a loop of the same client library around the same messages. */
async function run({ scale, rounds }: BenchOptions): Promise<readonly Comparison[]> {
  const rows = Math.ceil((ROWS * scale) / SNAPSHOT_ROWS) * SNAPSHOT_ROWS;
  await using server = await NatsServer.start();
  const { url } = server;
  const schema = declaredSchema(TABLE);
  const batches = Array.from({ length: rows / BATCH_ROWS }, (_, batch) => {
    const some = Array.from({ length: BATCH_ROWS }, (_row, index) => ({
      id: String(batch * BATCH_ROWS + index),
      note: NOTE,
    }));
    return encodeRows(schema, some, { receivedMs: 0 });
  });
  const bodies = Array.from({ length: rows }, (_, id) => JSON.stringify({ id, note: NOTE }));
  const config = { servers: [url] };

  const oursIn = async (): Promise<number> => {
    const stream = await openStream(url);
    const stage = {
      stream: stream.name,
      subject: `${stream.name}.{table}`,
      createStream: { subjects: [`${stream.name}.>`] },
    };
    await using sink = await DrivenSink.start(natsSink, { config, stage, job: { jobId: ulids.next() } });
    const rate = await perSecond(rows, async () => {
      for (const [index, batch] of batches.entries()) {
        await sink.write(batch);
        const written = (index + 1) * BATCH_ROWS;
        if (written % SNAPSHOT_ROWS === 0) await sink.snapshot(written / SNAPSHOT_ROWS);
      }
    });
    await stream.remove();
    return rate;
  };
  const bareIn = async (): Promise<number> => {
    const stream = await openStream(url);
    const subject = `${stream.name}.orders`;
    const rate = await perSecond(rows, () =>
      atServer(url, async (client) => {
        for (let at = 0; at < rows; at += BATCH_ROWS)
          await Promise.all(bodies.slice(at, at + BATCH_ROWS).map((body) => client.publish(subject, body)));
      }),
    );
    await stream.remove();
    return rate;
  };
  const sink = await alternate('sink', rounds, oursIn, bareIn);

  const filled = await openStream(url);
  for (let at = 0; at < rows; at += BATCH_ROWS) await filled.publish(bodies.slice(at, at + BATCH_ROWS));
  const oursOut = async (): Promise<number> => {
    const stage = { stream: filled.name, ...TABLE, follow: false };
    let seen = 0;
    const read = ({ length }: { readonly length: number }): never[] => {
      seen += length;
      return [];
    };
    await using source = await DrivenSource.start(natsSource, { config, stage, job: { jobId: ulids.next() }, read });
    const rate = await perSecond(rows, () => source.run());
    if (seen !== rows) throw new Error(`the source gave ${seen} of ${rows} rows`);
    return rate;
  };
  const bareOut = (): Promise<number> =>
    perSecond(rows, () =>
      atServer(url, async (client) => {
        const consumer = await client.consumers.get(filled.name);
        let left = rows;
        for await (const message of await consumer.consume({ max_messages: 2_048 })) {
          message.json();
          if (--left === 0) break;
        }
      }),
    );
  const source = await alternate('source', rounds, oursOut, bareOut);
  return [
    { name: 'sink', yardstick: 'publish', unit: 'rows/s', ours: sink.ours, theirs: sink.yardstick, ratio: sink.ratio },
    {
      name: 'source',
      yardstick: 'consume',
      unit: 'rows/s',
      ours: source.ours,
      theirs: source.yardstick,
      ratio: source.ratio,
    },
  ];
}

export const natsBench: ConnectorBench = { connector: 'nats', run };
