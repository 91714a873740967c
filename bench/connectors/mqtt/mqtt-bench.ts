import { mqttSink, mqttSource } from '@millrace/connector-mqtt';
import { declaredSchema, encodeRows } from '@millrace/formats';
import { ulids } from '@millrace/kernel';
import { MosquittoServer } from '@millrace/testing';
import { DrivenSink, DrivenSource } from '@millrace/testing/drivers';
import { connectAsync, type MqttClient } from 'mqtt';
import type { BenchOptions } from '../../harness/options.ts';
import { alternate } from '../../harness/result.ts';
import type { Comparison, ConnectorBench } from '../connector-bench.ts';

const ROWS = 50_000;
const BATCH_ROWS = 1_000;
const SNAPSHOT_ROWS = 10_000;
/** Unacknowledged at once, as the sink has. */
const UNDER_WAY = 1_000;
const NOTE = 'n'.repeat(100);
const TABLE = { table: 'public.orders', columns: { id: 'integer', note: 'text' }, key: ['id'] } as const;

/** MQTT as a sink (QoS 1) and as a source (QoS 2, exactly once, a snapshot every 10,000 rows), each against MQTT.js around the same messages. */
async function run({ scale, rounds }: BenchOptions): Promise<readonly Comparison[]> {
  const rows = Math.ceil((ROWS * scale) / SNAPSHOT_ROWS) * SNAPSHOT_ROWS;
  await using broker = await MosquittoServer.start();
  const config = { host: '127.0.0.1', port: broker.port };
  const body = (id: number): string => JSON.stringify({ id, note: NOTE });
  const perSecond = async (work: () => Promise<unknown>): Promise<number> => {
    const startMs = performance.now();
    await work();
    return (rows * 1_000) / (performance.now() - startMs);
  };
  const openClient = (clientId = `bench-${ulids.next()}`): Promise<MqttClient> =>
    connectAsync(broker.url, {
      protocolVersion: 5,
      clientId,
      clean: false,
      properties: { sessionExpiryInterval: 3_600, receiveMaximum: 20_000 },
    });
  const publish = async (topic: string, qos: 1 | 2): Promise<void> => {
    const client = await openClient();
    for (let at = 0; at < rows; at += UNDER_WAY)
      await Promise.all(
        Array.from({ length: UNDER_WAY }, (_, id) => client.publishAsync(topic, body(at + id), { qos })),
      );
    await client.endAsync();
  };

  const schema = declaredSchema(TABLE);
  const batches = Array.from({ length: rows / BATCH_ROWS }, (_, batch) =>
    encodeRows(
      schema,
      Array.from({ length: BATCH_ROWS }, (_row, index) => ({ id: String(batch * BATCH_ROWS + index), note: NOTE })),
      { receivedMs: 0 },
    ),
  );
  const oursIn = async (): Promise<number> => {
    await using sink = await DrivenSink.start(mqttSink, { config, stage: { topic: 'in/{table}' } });
    return await perSecond(async () => {
      for (const [index, batch] of batches.entries()) {
        await sink.write(batch);
        const written = (index + 1) * BATCH_ROWS;
        if (written % SNAPSHOT_ROWS === 0) await sink.snapshot(written / SNAPSHOT_ROWS);
      }
    });
  };
  const sink = await alternate('sink', rounds, oursIn, () => perSecond(() => publish('in/orders', 1)));

  const oursOut = async (): Promise<number> => {
    const topic = `out/${ulids.next()}`;
    let seen = 0;
    const read = ({ length }: { readonly length: number }): never[] => {
      seen += length;
      return [];
    };
    const stage = { topics: [topic], ...TABLE };
    const options = { config, stage, job: { jobId: ulids.next() }, read };
    const before = await DrivenSource.start(mqttSource, options);
    const restored = await before.snapshot();
    await before.close();
    await publish(topic, 2);
    return perSecond(async () => {
      await using source = await DrivenSource.start(mqttSource, { ...options, restored, generation: 2 });
      for (let at = SNAPSHOT_ROWS; at <= rows; at += SNAPSHOT_ROWS) {
        await source.until(() => seen >= at);
        await source.snapshot();
        // The ids are free with the next one.
        await source.snapshot();
      }
    });
  };
  const bareOut = async (): Promise<number> => {
    const topic = `out/${ulids.next()}`;
    const clientId = `bench-${ulids.next()}`;
    const before = await openClient(clientId);
    await before.subscribeAsync(topic, { qos: 2 });
    await before.endAsync();
    await publish(topic, 2);
    return perSecond(async () => {
      const client = await openClient(clientId);
      const done = Promise.withResolvers<void>();
      let left = rows;
      client.on('message', (_topic, payload) => {
        JSON.parse(payload.toString());
        left -= 1;
        if (left === 0) done.resolve();
      });
      await done.promise;
      await client.endAsync(true);
    });
  };
  const source = await alternate('source', rounds, oursOut, bareOut);
  return [
    { name: 'sink', yardstick: 'publish', unit: 'rows/s', ours: sink.ours, theirs: sink.yardstick, ratio: sink.ratio },
    {
      name: 'source',
      yardstick: 'subscribe',
      unit: 'rows/s',
      ours: source.ours,
      theirs: source.yardstick,
      ratio: source.ratio,
    },
  ];
}

export const mqttBench: ConnectorBench = { connector: 'mqtt', run };
