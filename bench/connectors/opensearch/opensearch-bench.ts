import { opensearchSink } from '@millrace/connector-opensearch';
import { declaredSchema, encodeRows } from '@millrace/formats';
import { ulids } from '@millrace/kernel';
import { OpensearchServer } from '@millrace/testing';
import { DrivenSink } from '@millrace/testing/drivers';
import type { BenchOptions } from '../../harness/options.ts';
import { alternate } from '../../harness/result.ts';
import type { Comparison, ConnectorBench } from '../connector-bench.ts';

const ROWS = 200_000;
const BATCH_ROWS = 1_000;
const SNAPSHOT_ROWS = 50_000;
/** As the sink has. */
const UNDER_WAY_MAX = 2;
const NOTE = 'n'.repeat(100);
const SCHEMA = declaredSchema({ table: 'public.orders', columns: { id: 'integer', note: 'text' }, key: ['id'] });

const perSecond = async (rows: number, run: () => Promise<unknown>): Promise<number> => {
  const startMs = performance.now();
  await run();
  return (rows * 1_000) / (performance.now() - startMs);
};

/** OpenSearch as a sink, with a snapshot every 50,000 rows, against bulk requests of the same documents without versions. */
async function run({ scale, rounds }: BenchOptions): Promise<readonly Comparison[]> {
  const rows = Math.ceil((ROWS * scale) / SNAPSHOT_ROWS) * SNAPSHOT_ROWS;
  await using server = await OpensearchServer.start();
  const batches = Array.from({ length: rows / BATCH_ROWS }, (_, batch) =>
    encodeRows(
      SCHEMA,
      Array.from({ length: BATCH_ROWS }, (_row, index) => ({ id: String(batch * BATCH_ROWS + index), note: NOTE })),
      { receivedMs: 0 },
    ),
  );
  const ask = (method: string, path: string, body?: string) =>
    fetch(server.url + path, {
      method,
      ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/x-ndjson' } }),
    }).then((answer) => answer.text());

  const ours = async (): Promise<number> => {
    const index = `ours-${ulids.next().toLowerCase()}`;
    const options = {
      config: { nodes: [server.url] },
      stage: { index, concurrency: UNDER_WAY_MAX, shards: 1, replicas: 0 },
    };
    await using sink = await DrivenSink.start(opensearchSink, { ...options, job: { jobId: ulids.next() } });
    const rate = await perSecond(rows, async () => {
      for (const [at, batch] of batches.entries()) {
        await sink.write(batch);
        const written = (at + 1) * BATCH_ROWS;
        if (written % SNAPSHOT_ROWS === 0) await sink.snapshot(written / SNAPSHOT_ROWS);
      }
    });
    await ask('DELETE', `/${index}`);
    return rate;
  };
  const bare = async (): Promise<number> => {
    const index = `bare-${ulids.next().toLowerCase()}`;
    const settings = { number_of_shards: 1, number_of_replicas: 0 };
    const properties = {
      id: { type: 'long' },
      note: { type: 'text', fields: { keyword: { type: 'keyword', ignore_above: 256 } } },
    };
    await ask('PUT', `/${index}`, JSON.stringify({ settings, mappings: { properties } }));
    const rate = await perSecond(rows, async () => {
      const underWay: Promise<unknown>[] = [];
      for (let at = 0; at < rows; at += BATCH_ROWS) {
        const lines: string[] = [];
        for (let id = at; id < at + BATCH_ROWS; id++)
          lines.push(`{"index":{"_id":"${id}"}}\n${JSON.stringify({ id, note: NOTE })}\n`);
        underWay.push(ask('POST', `/${index}/_bulk?filter_path=errors`, lines.join('')));
        if (underWay.length >= UNDER_WAY_MAX) await underWay.shift();
      }
      await Promise.all(underWay);
    });
    await ask('DELETE', `/${index}`);
    return rate;
  };
  const { ours: our, yardstick, ratio } = await alternate('sink', rounds, ours, bare);
  return [{ name: 'sink', yardstick: 'bulk requests', unit: 'rows/s', ours: our, theirs: yardstick, ratio }];
}

export const opensearchBench: ConnectorBench = { connector: 'opensearch', run };
