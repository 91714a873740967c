import { defineSink } from '@millrace/connector-contract';
import { ulids } from '@millrace/kernel';
import { type Connection, connectionSchema, type SinkStage, sinkStage } from './config.ts';
import { withBroker } from './server/broker.ts';
import { checkBroker } from './server/check-broker.ts';
import { AmqpSinkProcessor } from './sink/amqp-sink.processor.ts';
import { queueNames } from './sink/private-messages.ts';
import { PrivateQueue } from './sink/private-queue.ts';

/** Messages that are at their addresses, exactly once, when the snapshot that covers them is committed. */
export const amqpSink = defineSink<Connection, SinkStage>({
  type: 'amqp',
  role: 'sink',
  summary: 'Writes change events to queues and topics of a broker that speaks AMQP 1.0.',
  config: connectionSchema,
  stage: sinkStage,
  check: (config) => checkBroker(config),
  capabilities: { holds: 'changes', createsTarget: 'never', parallel: false },
  guarantees: [
    {
      mode: {},
      level: 'exactly-once',
      visible: 'at-snapshot',
      how: 'Rows wait in a queue of the job. The commit takes them and the message that says how far the job is, sends the rows and the next such message, all in one transaction of the broker: it counts once, however late it is repeated, and an older execution can write nothing.',
      needs: [
        'A broker with AMQP 1.0 local transactions, and two queues for the job, which it may make by itself.',
        'No expiry, no limit of deliveries and no dead letters for these two queues, else the job stops and says so.',
      ],
    },
  ],
  showsRowsAtOnce: () => false,
  checkStage: async ({ config }) => (await checkBroker(config, true)).filter(({ severity }) => severity !== 'ok'),
  createSink: (options) => () => new AmqpSinkProcessor(options),
  /** Empties the queues of the job; messages at their addresses stay. */
  dispose: ({ config, stage, job }) =>
    withBroker(config, 'millrace-dispose', async (broker) => {
      const last = { generation: Number.MAX_SAFE_INTEGER, ids: ulids };
      for (const name of Object.values(queueNames(stage, job)))
        await (await PrivateQueue.open(broker, name, last)).empty();
    }),
});
