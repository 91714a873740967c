/**
 * DuckDB's COPY of the same rows into one object, in a process of its own. Argument: a `WriteJob`; prints what it has `Written`. DuckDB's own S3 client is an
 * extension that has to be downloaded; so COPY writes to a pipe, and what comes out is uploaded in parts, eight at a time.
 */
import { execFileSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { systemClock } from '@millrace/kernel';
import { Bucket } from '../../libs/connectors/s3/src/bucket/bucket.ts';
import { tell, type WriteJob } from './job.ts';

const REQUESTS = 8;
const PART_BYTES = 8_388_608;
const PIECE_BYTES = 1_048_576;

const { config, database, rows, format, compression } = JSON.parse(process.argv[2]!) as WriteJob;
const connection = await (await DuckDBInstance.create(database, { access_mode: 'READ_ONLY' })).connect();
const counted = await connection.runAndReadAll('select count(*)::int as n from orders');
const times = Math.ceil(rows / (counted.getRowObjects()[0]!['n'] as number));
const pipe = join(database, '..', `pipe-${process.pid}`);
execFileSync('mkfifo', [pipe]);
using bucket = await Bucket.connect({
  config,
  clock: systemClock,
  signal: new AbortController().signal,
  requests: REQUESTS,
});

const start = performance.now();
const upload = await bucket.createUpload('orders');
const parts: Promise<string>[] = [];
const moving = new Set<Promise<unknown>>();
let bytes = 0;

async function send(body: Uint8Array): Promise<void> {
  bytes += body.length;
  const part = bucket.uploadPart(upload, parts.length + 1, body).finally(() => moving.delete(part));
  parts.push(part);
  moving.add(part);
  if (moving.size >= REQUESTS) await Promise.race(moving);
}

const options = format === 'parquet' ? `format parquet, compression ${compression}` : 'format json';
const copying = connection.run(
  `copy (${Array(times).fill('from orders').join(' union all ')} limit ${rows}) to '${pipe}' (${options}, use_tmp_file false)`,
);
let held: Uint8Array[] = [];
let heldBytes = 0;
for await (const piece of createReadStream(pipe, { highWaterMark: PIECE_BYTES }) as AsyncIterable<Buffer>) {
  held.push(piece);
  heldBytes += piece.length;
  if (heldBytes < PART_BYTES) continue;
  const all = Buffer.concat(held, heldBytes);
  await send(all.subarray(0, PART_BYTES));
  held = [all.subarray(PART_BYTES)];
  heldBytes = all.length - PART_BYTES;
}
if (heldBytes > 0) await send(Buffer.concat(held, heldBytes));
await copying;
await bucket.completeUpload(upload, await Promise.all(parts));
tell((performance.now() - start) / 1_000, bytes);
