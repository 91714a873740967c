import { defineSink } from '@millrace/connector-contract';
import { refusesEvents } from '@millrace/formats/content';
import { systemClock } from '@millrace/kernel';
import { Bucket } from '../bucket/bucket.ts';
import { checkBucket } from '../bucket/check.ts';
import { checkCompaction } from '../compact/check-compaction.ts';
import { type S3Config, type S3Stage, s3Config, s3Stage } from '../config.ts';
import { literalPrefix } from '../naming/path-template.ts';
import { stageFindings } from './check-stage.ts';
import { sweep } from './fence.ts';
import { S3SinkProcessor } from './s3-sink.processor.ts';

/** Objects of lines that appear, exactly once, when the snapshot that covers them is committed. */
export const s3Sink = defineSink<S3Config, S3Stage>({
  type: 's3',
  role: 'sink',
  summary: 'Writes change events to objects in an S3 bucket, as NDJSON, Debezium JSON, CSV, Parquet or Avro.',
  config: s3Config,
  stage: s3Stage,
  capabilities: { holds: 'changes', createsTarget: 'always', parallel: true },
  guarantees: [
    {
      mode: {},
      level: 'exactly-once',
      visible: 'at-snapshot',
      how: 'Objects are multipart uploads whose parts are there at the barrier; their ids are part of the snapshot. Phase two completes them and writes a manifest; a restart completes what its snapshot had prepared and aborts the rest. An older execution can complete what is committed, and nothing else.',
      needs: ['No lifecycle rule that aborts uploads sooner than an outage lasts.'],
    },
  ],
  check: checkBucket,
  showsRowsAtOnce: () => false,
  checkStage: async ({ config, stage, job }, input, signal) => [
    ...(await checkBucket(config, signal)),
    ...stageFindings(stage, input),
    ...(stage.compaction === undefined ? [] : await checkCompaction(config, job, signal)),
  ],
  refuses: refusesEvents,
  createSink: (options) => () => new S3SinkProcessor(options),
  /** Aborts what was never shown. Objects and manifests stay. */
  async dispose({ config, stage, job }, signal) {
    using bucket = await Bucket.connect({ config, clock: systemClock, signal, requests: stage.requests });
    const place = { prefix: config.prefix, job, objects: `${config.prefix}${literalPrefix(stage.path)}` };
    await sweep(bucket, place, () => true);
  },
});
