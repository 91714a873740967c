import { defineSink } from '@millrace/connector-contract';
import { type Connection, connectionSchema, type SinkStage, sinkStage } from './config.ts';
import { isMissing, serverError } from './errors.ts';
import { checkServer } from './server/check-server.ts';
import { withServer } from './server/connect.ts';
import { checkSink } from './sink/check-sink.ts';
import { progressOfJob, waitingStream } from './sink/names.ts';
import { NatsSinkProcessor } from './sink/nats-sink.processor.ts';

const ignoreMissing = (error: unknown): void => {
  if (!isMissing(error)) throw serverError(error, 'remove what the job left');
};

/** Messages that are in the stream, exactly once, when the snapshot that covers them is committed. */
export const natsSink = defineSink<Connection, SinkStage>({
  type: 'nats',
  role: 'sink',
  summary: 'Writes change events to a NATS JetStream stream.',
  config: connectionSchema,
  stage: sinkStage,
  check: checkServer,
  capabilities: { holds: 'changes', createsTarget: 'option', parallel: true },
  guarantees: [
    {
      mode: {},
      level: 'exactly-once',
      visible: 'at-snapshot',
      how: 'Rows wait in a stream of the job. The commit publishes them in atomic batches, each with a message that says how far the job is and that expects the one before it to be the last of its subject: a batch counts once, however late it is repeated, and an older execution can write nothing.',
      needs: [
        'nats-server 2.12 or newer, and a stream with allow_atomic that takes _millrace.progress.STREAM.>.',
        'Limits of the stream that keep the newest such message for longer than the longest outage, else the job stops and says so.',
        'Against loss of power: sync_interval: always, or replicas.',
      ],
    },
  ],
  showsRowsAtOnce: () => false,
  checkStage: (options, shape) => checkSink(options, shape),
  refuses: () => true,
  createSink: (options) => () => new NatsSinkProcessor(options),
  /** Removes what no reader is to see; messages stay. */
  dispose: ({ config, stage, job }) =>
    withServer(config, 'millrace-dispose', async ({ manager: { streams } }) => {
      await streams.delete(waitingStream(job)).catch(ignoreMissing);
      await streams.purge(stage.stream, { filter: progressOfJob(stage.stream, job) }).catch(ignoreMissing);
    }),
});
