import { defineSource } from '@millrace/connector-contract';
import { declaredSchema } from '@millrace/formats';
import { type Connection, connectionSchema, type SourceStage, sourceStage } from '../config.ts';
import { checkBroker } from '../server/check-broker.ts';
import { AmqpSourceProcessor } from './amqp-source.processor.ts';

const needs = [
  'No limit of deliveries for the queue (Artemis: max-delivery-attempts -1), or one that is larger than the crashes in a row that are to be outlived.',
];

/** Rows of the messages of a queue, which it shares with other consumers. */
export const amqpSource = defineSource<Connection, SourceStage>({
  type: 'amqp',
  role: 'source',
  summary: 'Reads messages of a queue of a broker that speaks AMQP 1.0 as rows.',
  config: connectionSchema,
  stage: sourceStage,
  check: (config) => checkBroker(config),
  capabilities: { initialLoad: true, follows: 'always', changes: false, parallel: true },
  guarantees: [
    {
      mode: { duplicates: 'detect' },
      level: 'exactly-once',
      how: 'Messages are acknowledged in a transaction of the broker when the snapshot that covers them is committed. The snapshot has the ids of those of which it is not certain that the broker has forgotten them: one that comes again is known by it.',
      needs: [
        'A message id, unlike all others, in every message.',
        'A broker that brings messages of a broken connection again within rememberHours.',
        'A broker with AMQP 1.0 local transactions.',
        ...needs,
      ],
    },
    {
      mode: { duplicates: 'allow' },
      level: 'at-least-once',
      how: 'Messages are acknowledged when the snapshot that covers them is committed; after a crash they may come again.',
      needs,
    },
  ],
  describe: async ({ config, stage }) => ({
    shape: { tables: [declaredSchema(stage)] },
    findings: (await checkBroker(config, stage.duplicates === 'detect')).filter(({ severity }) => severity === 'error'),
  }),
  refuses: () => true,
  createSource: (options) => () => new AmqpSourceProcessor(options),
});
