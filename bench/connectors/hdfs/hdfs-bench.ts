import { declaredSchema, encodeRows } from '@millrace/formats';
import { ulids } from '@millrace/kernel';
import { HdfsServer } from '@millrace/testing';
import { DrivenSink, DrivenSource } from '@millrace/testing/drivers';
import { filesSink } from '../../../libs/connectors/files/src/connector.ts';
import { filesSource } from '../../../libs/connectors/files/src/source/files-source.ts';
import { WebHdfs } from '../../../libs/connectors/files/src/storage/hdfs/web-hdfs.ts';
import { hdfsFolder } from '../../../libs/connectors/files/src/test-support/hdfs-folder.ts';
import type { BenchOptions } from '../../harness/options.ts';
import { alternate } from '../../harness/result.ts';
import type { Comparison, ConnectorBench } from '../connector-bench.ts';

const ROWS = 500_000;
const BATCH_ROWS = 1_000;
const SNAPSHOT_ROWS = 100_000;
/** As the sink has. */
const APPEND_ROWS = 70_000;
const NOTE = 'n'.repeat(100);
const TABLE = { table: 'public.orders', columns: { id: 'integer', note: 'text' }, key: ['id'] } as const;

const perSecond = async (rows: number, run: () => Promise<unknown>): Promise<number> => {
  const startMs = performance.now();
  await run();
  return (rows * 1_000) / (performance.now() - startMs);
};

const linesOf = (start: number, end: number): Buffer =>
  Buffer.from(
    Array.from({ length: end - start }, (_, index) => `${JSON.stringify({ id: start + index, note: NOTE })}\n`).join(
      '',
    ),
  );

/** Files in HDFS, as a sink with a snapshot every 100,000 rows and as a source, each against requests with the same bytes. */
async function run({ scale, rounds }: BenchOptions): Promise<readonly Comparison[]> {
  const rows = Math.ceil((ROWS * scale) / SNAPSHOT_ROWS) * SNAPSHOT_ROWS;
  await using server = await HdfsServer.start();
  await using folder = await hdfsFolder(server.url, '/bench');
  const hdfs = new WebHdfs(folder.config);
  const { config } = folder;
  const schema = declaredSchema(TABLE);
  const batches = Array.from({ length: rows / BATCH_ROWS }, (_, batch) =>
    encodeRows(
      schema,
      Array.from({ length: BATCH_ROWS }, (_row, index) => ({ id: String(batch * BATCH_ROWS + index), note: NOTE })),
      { receivedMs: 0 },
    ),
  );

  const oursIn = async (): Promise<number> => {
    const stage = { format: 'ndjson', deletes: 'skip', path: ulids.next() };
    await using sink = await DrivenSink.start(filesSink, { config, stage, job: { jobId: ulids.next() } });
    return await perSecond(rows, async () => {
      for (const [index, batch] of batches.entries()) {
        await sink.write(batch);
        const written = (index + 1) * BATCH_ROWS;
        if (written % SNAPSHOT_ROWS === 0) await sink.snapshot(written / SNAPSHOT_ROWS);
      }
    });
  };
  const bareIn = (): Promise<number> =>
    perSecond(rows, async () => {
      for (let file = 0; file < rows; file += SNAPSHOT_ROWS) {
        const path = `${config.directory}/${ulids.next()}`;
        for (let at = file; at < file + SNAPSHOT_ROWS; at += APPEND_ROWS) {
          const bytes = linesOf(at, Math.min(at + APPEND_ROWS, file + SNAPSHOT_ROWS));
          if (at === file) await hdfs.send({ method: 'PUT', path, op: 'CREATE' }, bytes);
          else await hdfs.send({ method: 'POST', path, op: 'APPEND' }, bytes);
        }
      }
    });
  const sink = await alternate('sink', rounds, oursIn, bareIn);

  for (let at = 0; at < rows; at += SNAPSHOT_ROWS)
    await folder.append(`source/${at}.ndjson`, linesOf(at, at + SNAPSHOT_ROWS).toString());
  const oursOut = async (): Promise<number> => {
    let seen = 0;
    const read = ({ length }: { readonly length: number }): never[] => {
      seen += length;
      return [];
    };
    const stage = { ...TABLE, files: 'source/*', follow: false };
    await using source = await DrivenSource.start(filesSource, { config, stage, read });
    const rate = await perSecond(rows, () => source.run());
    if (seen !== rows) throw new Error(`the source gave ${seen} of ${rows} rows`);
    return rate;
  };
  const bareOut = (): Promise<number> =>
    perSecond(rows, async () => {
      for (let at = 0; at < rows; at += SNAPSHOT_ROWS) {
        const path = `${config.directory}/source/${at}.ndjson`;
        const text = (await hdfs.send({ method: 'GET', path, op: 'OPEN' })).toString();
        for (const line of text.split('\n')) if (line !== '') JSON.parse(line);
      }
    });
  const source = await alternate('source', rounds, oursOut, bareOut);
  hdfs.close();
  const unit = 'rows/s';
  return [
    { name: 'sink', yardstick: 'WebHDFS', unit, ours: sink.ours, theirs: sink.yardstick, ratio: sink.ratio },
    { name: 'source', yardstick: 'WebHDFS', unit, ours: source.ours, theirs: source.yardstick, ratio: source.ratio },
  ];
}

export const hdfsBench: ConnectorBench = { connector: 'files on HDFS', run };
