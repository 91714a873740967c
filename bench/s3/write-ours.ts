/** The S3 sink alone, exactly once, in a process of its own. Argument: a `WriteJob`; prints what it has `Written`. */
import { startSink } from '../../libs/connectors/s3/src/test-support/drive.ts';
import { TestBucket } from '../../libs/connectors/s3/src/test-support/test-bucket.ts';
import { tell, type WriteJob } from './job.ts';
import { orderBatches, ROWS_PER_BATCH } from './order-rows.ts';

const SNAPSHOT_EVERY_MS = 10_000;

const { config, tuples, rows, format, compression } = JSON.parse(process.argv[2]!) as WriteJob;
const stage = { format, compression, metadata: false, deletes: 'skip' };
const start = performance.now();
const sink = await startSink({ config, generation: 1, stage });
let snapshotId = 0;
let snapshotAt = start;
// As in the engine: phase two goes on beside the rows that follow.
let committing = Promise.resolve();

async function takeSnapshot(): Promise<void> {
  await committing;
  snapshotId += 1;
  await sink.prepare(snapshotId);
  committing = sink.commit(snapshotId);
}

for (const batch of orderBatches(tuples, rows / ROWS_PER_BATCH)) {
  await sink.write(batch);
  if (performance.now() - snapshotAt < SNAPSHOT_EVERY_MS) continue;
  await takeSnapshot();
  snapshotAt = performance.now();
}
await takeSnapshot();
await committing;
const seconds = (performance.now() - start) / 1_000;
await sink.close();
using bucket = TestBucket.open(
  config.endpoint!.replace('//', `//${config.accessKeyId}:${config.secretAccessKey}@`),
  config.bucket,
);
const manifests = await bucket.manifests();
const found = manifests.reduce((sum, manifest) => sum + manifest.rows, 0);
if (found !== rows) throw new Error(`${found} of ${rows} rows arrived`);
tell(
  seconds,
  manifests.reduce((sum, manifest) => sum + manifest.bytes, 0),
);
