import { defineSource } from '@millrace/connector-contract';
import { declaredSchema } from '@millrace/formats';
import { systemClock } from '@millrace/kernel';
import { checkBroker } from '../broker/check-broker.ts';
import { Session } from '../broker/session.ts';
import { type Connection, connectionSchema, type SourceStage, sourceStage } from '../config.ts';
import { clientIdOf, MqttSourceProcessor } from './mqtt-source.processor.ts';

const PERSISTENT =
  'A broker that keeps the session and its messages (Mosquitto: persistence true, max_queued_messages and max_inflight_messages 0) for longer than the longest outage. A broker that is killed may lose what it had not saved, and send again what was over.';

/** Rows of the messages of a broker. */
export const mqttSource = defineSource<Connection, SourceStage>({
  type: 'mqtt',
  role: 'source',
  summary: 'Reads messages of an MQTT 5 broker as rows.',
  config: connectionSchema,
  stage: sourceStage,
  check: checkBroker,
  capabilities: { initialLoad: false, follows: 'always', changes: false, parallel: false },
  guarantees: [
    {
      mode: { qos: 2 },
      level: 'exactly-once',
      how: 'The session outlives the connection. Packet ids of what was handed on are part of the snapshot, and the broker is answered after its commit: a message that comes again has the same id. The id is freed only when a committed snapshot no longer has it.',
      needs: [
        'Messages that are published with QoS 2. Those with QoS 1 come at least once, those with QoS 0 at most once; messagesBelowQos counts them.',
        PERSISTENT,
      ],
    },
    {
      mode: { qos: 1 },
      level: 'at-least-once',
      how: 'The session outlives the connection, and a message is acknowledged when the snapshot that holds it is committed. After a crash what was not acknowledged comes again, and MQTT has no id by which that could be known.',
      needs: ['Messages that are published with QoS 1 or 2; those with QoS 0 come at most once.', PERSISTENT],
    },
  ],
  describe: async ({ config, stage }) => ({
    shape: { tables: [declaredSchema(stage)] },
    findings: await checkBroker(config),
  }),
  refuses: () => true,
  createSource: (options) => () => new MqttSourceProcessor(options),
  /** Ends the session, with its subscriptions and what it holds. */
  async dispose(options) {
    const ignore = (): void => {};
    const session = await Session.open({
      config: options.config,
      clientId: clientIdOf(options),
      sessionSeconds: 0,
      receiveMaximum: 1,
      clock: systemClock,
      published: ignore,
      released: ignore,
      failed: ignore,
    });
    await session.close();
  },
});
