import { fork } from 'node:child_process';
import { once } from 'node:events';
import { httpSink } from '@millrace/connector-http';
import { batchOfRecords, type ChangeBatch, derivedSchema, type EventRecord, formatLsn, lsn } from '@millrace/formats';
import { DrivenSink } from '@millrace/testing/drivers';
import { Pool } from 'undici';
import type { BenchOptions } from '../../harness/options.ts';
import { alternate } from '../../harness/result.ts';
import type { Comparison, ConnectorBench } from '../connector-bench.ts';
import { ingest, parseLines, ROWS_OF_REQUEST } from './ingest-bench.ts';

const EVENTS = 20_000;
const CONCURRENCY = 8;
const RECORDS = 100;
const INGESTED = 500_000;
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
/** As an event of the sink. */
const EVENT = {
  id: `msg_${'0'.repeat(32)}`,
  type: 'public.orders.created',
  timestamp: new Date(0).toISOString(),
  lsn: '0/FFFFF',
  index: 0,
  data: { id: 10_000, note: 'x' },
};

const ORDERS = derivedSchema('public', 'orders', [
  { name: 'id', kind: 'integer', sqlType: 'integer', key: true },
  { name: 'note', kind: 'text', sqlType: 'text' },
]);

/** Inserted rows, a transaction for each. */
function batchesOf(events: number): readonly ChangeBatch[] {
  const record = (id: number): EventRecord => ({
    op: 'c',
    schema: ORDERS,
    before: null,
    after: { id: String(id), note: 'x' },
    flags: 0,
    position: { commitLsn: formatLsn(lsn(BigInt(id + 1))), index: 0 },
    xid: id,
    commitTimeUs: '0',
    receivedMs: 0,
  });
  return Array.from({ length: events / RECORDS }, (_, batch) =>
    batchOfRecords(
      Array.from({ length: RECORDS }, (_, at) => record(batch * RECORDS + at)),
      0,
    ),
  );
}

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1_000;
};

/** The same number of requests of the same length by the same client, each event made JSON of: nothing has an id, is signed, ordered or tried again. */
async function bareLoop(origin: string, requests: number, records: number): Promise<void> {
  const pool = new Pool(origin, { connections: CONCURRENCY, pipelining: 1 });
  let left = requests;
  const headers = { 'content-type': 'application/json' };
  const sender = async (): Promise<void> => {
    while (left-- > 0) {
      const body =
        records === 1 ? JSON.stringify(EVENT) : JSON.stringify(Array.from({ length: records }, () => ({ ...EVENT })));
      await (await pool.request({ method: 'POST', path: '/', headers, body })).body.dump();
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, sender));
  await pool.close();
}

async function send(origin: string, batches: readonly ChangeBatch[], records: number): Promise<void> {
  await using sink = await DrivenSink.start(httpSink, {
    config: { url: `${origin}/`, allow: ['127.0.0.1'], secret: SECRET },
    stage: { concurrency: CONCURRENCY, records },
    guarantee: 'at-least-once',
  });
  await sink.write(...batches);
  await sink.prepare(1);
}

async function compareIngest({ scale, rounds }: BenchOptions): Promise<Comparison> {
  const requests = Math.max(1, Math.round((INGESTED * scale) / ROWS_OF_REQUEST));
  const rows = requests * ROWS_OF_REQUEST;
  const name = `source, ${ROWS_OF_REQUEST} lines of a request`;
  const { ours, yardstick, ratio } = await alternate(
    name,
    rounds,
    async () => rows / (await timed(() => ingest(requests))),
    async () => rows / (await timed(() => parseLines(requests))),
  );
  return {
    name,
    yardstick: 'a bare server that parses the lines',
    unit: 'rows/s',
    ours: Math.round(ours),
    theirs: Math.round(yardstick),
    ratio: Math.round(ratio * 1_000) / 1_000,
  };
}

async function run({ scale, rounds }: BenchOptions): Promise<readonly Comparison[]> {
  const receiver = fork(new URL('./receiver.ts', import.meta.url));
  try {
    const [port] = (await once(receiver, 'message')) as [number];
    const origin = `http://127.0.0.1:${port}`;
    const comparisons: Comparison[] = [];
    for (const records of [1, RECORDS]) {
      const events = Math.max(1, Math.round((EVENTS * scale) / RECORDS)) * RECORDS * (records === 1 ? 1 : 5);
      const batches = batchesOf(events);
      const name = `sink, ${records === 1 ? 'an event' : `${records} events`} of a request, signed`;
      const { ours, yardstick, ratio } = await alternate(
        name,
        rounds,
        async () => events / (await timed(() => send(origin, batches, records))),
        async () => events / (await timed(() => bareLoop(origin, events / records, records))),
      );
      comparisons.push({
        name,
        yardstick: 'the same client in a bare loop',
        unit: 'rows/s',
        ours: Math.round(ours),
        theirs: Math.round(yardstick),
        ratio: Math.round(ratio * 1_000) / 1_000,
      });
    }
    comparisons.push(await compareIngest({ scale, rounds }));
    return comparisons;
  } finally {
    receiver.disconnect();
  }
}

export const httpBench: ConnectorBench = { connector: 'http', run };
