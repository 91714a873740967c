import { defineSink, type Finding, type SourceShape } from '@millrace/connector-contract';
import { checkBroker } from '../broker/check-broker.ts';
import { type Connection, connectionSchema, type SinkStage, sinkStage } from '../config.ts';
import { MqttSinkProcessor } from './mqtt-sink.processor.ts';

/** Topics of rows need a key. */
const checkKeys = ({ topic }: SinkStage, { tables }: SourceShape): readonly Finding[] =>
  topic.includes('{key}')
    ? tables
        .filter(({ columns }) => !columns.some(({ key }) => key))
        .map(({ id }) => ({
          code: 'mqtt.no_key',
          severity: 'error',
          message: `${id} has no key, and the topic has {key}`,
          mend: 'Give the table a key, or the stage another topic.',
          pointer: '/topic',
        }))
    : [];

/** A message for each change, at least once. */
export const mqttSink = defineSink<Connection, SinkStage>({
  type: 'mqtt',
  role: 'sink',
  summary: 'Publishes change events to an MQTT 5 broker.',
  config: connectionSchema,
  stage: sinkStage,
  check: checkBroker,
  capabilities: { holds: 'changes', createsTarget: 'always', parallel: true },
  guarantees: [
    {
      mode: {},
      level: 'at-least-once',
      visible: 'at-once',
      how: 'A snapshot waits until the broker has acknowledged everything before it. What was published after the last snapshot is published again after a crash, in the same order and with the same user property millrace-id; retained messages are the same again.',
      needs: [
        'Readers that skip a millrace-id they have seen, or for which the last message of a topic counts.',
        'A broker that keeps what it acknowledged.',
      ],
    },
  ],
  showsRowsAtOnce: () => true,
  checkStage: async ({ config, stage }, input) => [...(await checkBroker(config)), ...checkKeys(stage, input)],
  createSink: (options) => () => new MqttSinkProcessor(options),
});
