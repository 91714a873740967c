import { declaredSchema, encodeRows } from '@millrace/formats';
import { ulids } from '@millrace/kernel';
import { ArtemisServer } from '@millrace/testing';
import { DrivenSink, DrivenSource } from '@millrace/testing/drivers';
import rhea, { type EventContext, type Message } from 'rhea';
import { amqpSink } from '../../../libs/connectors/amqp/src/connector.ts';
import { amqpSource } from '../../../libs/connectors/amqp/src/source/amqp-source.ts';
import { configAt, testQueue } from '../../../libs/connectors/amqp/src/test-support/test-queue.ts';
import type { BenchOptions } from '../../harness/options.ts';
import { alternate } from '../../harness/result.ts';
import type { Comparison, ConnectorBench } from '../connector-bench.ts';

const ROWS = 40_000;
const BATCH_ROWS = 1_000;
const SNAPSHOT_ROWS = 10_000;
const NOTE = 'n'.repeat(100);
const TABLE = { table: 'public.orders', columns: { id: 'integer', note: 'text' }, key: ['id'] } as const;

const perSecond = async (rows: number, run: () => Promise<unknown>): Promise<number> => {
  const startMs = performance.now();
  await run();
  return (rows * 1_000) / (performance.now() - startMs);
};

/** The client library by itself: `start` gets a connection, and calls back at the end. */
function bare(host: string, start: (connection: ReturnType<typeof rhea.connect>, end: () => void) => void) {
  const [hostname, port] = host.split(':');
  return new Promise<void>((resolve) => {
    const options = {
      host: hostname!,
      port: Number(port),
      username: 'anonymous',
      reconnect: false,
      tcp_no_delay: true,
    };
    const connection = rhea.create_container().connect(options as Parameters<typeof rhea.connect>[0]);
    connection.on('disconnected', () => {});
    start(connection, () => {
      connection.once('connection_close', () => resolve());
      connection.close();
    });
  });
}

/** Sends messages as credit comes, until all are accepted. */
const send = (host: string, address: string, messages: readonly Message[]): Promise<void> =>
  bare(host, (connection, end) => {
    const sender = connection.open_sender({ target: { address, capabilities: ['queue'] } });
    let next = 0;
    let settled = 0;
    sender.on('sendable', () => {
      while (sender.sendable() && next < messages.length) sender.send(messages[next++]!);
    });
    sender.on('accepted', () => {
      settled += 1;
      if (settled === messages.length) end();
    });
  });

/** AMQP as a sink, exactly once with a snapshot every 10,000 rows, and as a source, each against a loop of the same client library around the same messages. */
async function run({ scale, rounds }: BenchOptions): Promise<readonly Comparison[]> {
  const rows = Math.ceil((ROWS * scale) / SNAPSHOT_ROWS) * SNAPSHOT_ROWS;
  await using server = await ArtemisServer.start();
  const { host } = server;
  const schema = declaredSchema(TABLE);
  const batches = Array.from({ length: rows / BATCH_ROWS }, (_, batch) => {
    const some = Array.from({ length: BATCH_ROWS }, (_row, index) => ({
      id: String(batch * BATCH_ROWS + index),
      note: NOTE,
    }));
    return encodeRows(schema, some, { receivedMs: 0 });
  });
  const messages = Array.from(
    { length: rows },
    (_, id): Message => ({ durable: true, message_id: ulids.next(), body: JSON.stringify({ id, note: NOTE }) }),
  );
  const config = configAt(host);

  const oursIn = async (): Promise<number> => {
    const address = `in.${ulids.next()}`;
    await using sink = await DrivenSink.start(amqpSink, { config, stage: { address }, job: { jobId: ulids.next() } });
    const rate = await perSecond(rows, async () => {
      for (const [index, batch] of batches.entries()) {
        await sink.write(batch);
        const written = (index + 1) * BATCH_ROWS;
        if (written % SNAPSHOT_ROWS === 0) await sink.snapshot(written / SNAPSHOT_ROWS);
      }
    });
    // The memory of the broker is small.
    await testQueue(host, address).read();
    return rate;
  };
  const bareIn = async (): Promise<number> => {
    const address = `in.${ulids.next()}`;
    const rate = await perSecond(rows, () => send(host, address, messages));
    await testQueue(host, address).read();
    return rate;
  };
  const sink = await alternate('sink', rounds, oursIn, bareIn);

  const oursOut = async (): Promise<number> => {
    const address = `out.${ulids.next()}`;
    await send(host, address, messages);
    let seen = 0;
    const read = ({ length }: { readonly length: number }): never[] => {
      seen += length;
      return [];
    };
    const options = { config, stage: { address, ...TABLE }, job: { jobId: ulids.next() }, read };
    await using source = await DrivenSource.start(amqpSource, options);
    return await perSecond(rows, async () => {
      for (let end = SNAPSHOT_ROWS; end <= rows; end += SNAPSHOT_ROWS) {
        await source.until(() => seen >= end);
        await source.snapshot();
      }
    });
  };
  const bareOut = async (): Promise<number> => {
    const address = `out.${ulids.next()}`;
    await send(host, address, messages);
    return await perSecond(rows, () =>
      bare(host, (connection, end) => {
        let left = rows;
        const receiver = connection.open_receiver({
          source: { address, capabilities: ['queue'] },
          credit_window: 1_000,
        });
        receiver.on('message', ({ message }: EventContext) => {
          JSON.parse(message!.body as string);
          left -= 1;
          if (left === 0) end();
        });
      }),
    );
  };
  const source = await alternate('source', rounds, oursOut, bareOut);
  return [
    { name: 'sink', yardstick: 'send', unit: 'rows/s', ours: sink.ours, theirs: sink.yardstick, ratio: sink.ratio },
    {
      name: 'source',
      yardstick: 'receive',
      unit: 'rows/s',
      ours: source.ours,
      theirs: source.yardstick,
      ratio: source.ratio,
    },
  ];
}

export const amqpBench: ConnectorBench = { connector: 'amqp', run };
