import { defineSource, type Finding } from '@millrace/connector-contract';
import { declaredSchema } from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import { RetentionPolicy } from '@nats-io/jetstream';
import { type Connection, connectionSchema, type SourceStage, sourceStage } from '../config.ts';
import { isMissing, serverError } from '../errors.ts';
import { checkServer, findingOf } from '../server/check-server.ts';
import { withServer } from '../server/connect.ts';
import { NatsSourceProcessor } from './nats-source.processor.ts';
import { stateOf } from './position.ts';
import { removeConsumer } from './shown-consumer.ts';

/** Rows of the messages of a stream, and of those that come. */
export const natsSource = defineSource<Connection, SourceStage>({
  type: 'nats',
  role: 'source',
  summary: 'Reads messages of a NATS JetStream stream as rows.',
  config: connectionSchema,
  stage: sourceStage,
  check: checkServer,
  capabilities: { initialLoad: true, follows: 'option', changes: false, parallel: false },
  guarantees: [
    {
      mode: {},
      level: 'exactly-once',
      how: 'The sequence of the last message that was handed on is part of the snapshot. Messages that are gone before they were read, and a stream that was made anew, stop the job.',
      needs: ['A stream with limits retention that keeps messages for longer than the longest outage.'],
    },
  ],
  async describe({ config, stage }) {
    return { shape: { tables: [declaredSchema(stage)] }, findings: await checkStream(config, stage.stream) };
  },
  refuses: () => true,
  createSource: (options) => () => new NatsSourceProcessor(options),
  /** Removes the consumer that tools see. */
  dispose: async ({ config, stage: { stream, consumer } }) => {
    if (consumer === undefined) return;
    await withServer(config, 'millrace-dispose', ({ manager }) => removeConsumer(manager, stream, consumer)).catch(
      (error: unknown) => {
        if (!isMissing(error)) throw serverError(error, `remove consumer ${consumer}`);
      },
    );
  },
});

async function checkStream(config: Connection, stream: string): Promise<readonly Finding[]> {
  try {
    return await withServer(config, 'millrace-check', async (server) => {
      await stateOf(server, stream);
      const { retention } = (await server.manager.streams.info(stream)).config;
      if (retention === RetentionPolicy.Limits) return [];
      const message = `stream ${stream} removes messages once they are acknowledged (retention: ${retention}), so what is read could not be read again`;
      const mend = 'Read a stream with retention limits; one may have this stream as its source.';
      return [{ code: 'nats.retention', severity: 'error', message, mend, pointer: '/stream' }];
    });
  } catch (error) {
    if (error instanceof MillraceError) return [findingOf(error)];
    throw error;
  }
}
