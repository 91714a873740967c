import { ulids } from '@millrace/kernel';
import { freePort, testAmqp } from '@millrace/testing';
import {
  describeSinkConnector,
  describeSourceConnector,
  type SinkDriver,
  type SinkTarget,
} from '@millrace/testing/acceptance';
import { amqpSink } from './connector.ts';
import { queueNames } from './sink/private-messages.ts';
import { amqpSource } from './source/amqp-source.ts';
import { configAt, idsIn, rowMessages, testQueue } from './test-support/test-queue.ts';

const unreachable = async () => ({ hosts: [`127.0.0.1:${await freePort()}`] });

function targetAt(host: string): SinkTarget {
  const address = `t.${ulids.next()}`;
  const queue = testQueue(host, `${address}.orders`);
  const stage = { address: `${address}.{table}` };
  return {
    config: configAt(host),
    stage,
    read: async () => idsIn(await queue.read()),
    async leftovers(jobId) {
      const { waiting } = queueNames(amqpSink.stage.parse(stage), { jobId, jobName: '', stage: 'stage' });
      return (await testQueue(host, waiting).read()).map((message) => JSON.stringify(message.application_properties));
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

const driver: SinkDriver = {
  connector: amqpSink,
  fenced: /^amqp\.fenced$/,
  module: { url: new URL('./connector.ts', import.meta.url).href, name: 'amqpSink' },
  unreachable,
  open: async () => targetAt((await testAmqp()).host),
};

describeSinkConnector('amqp', driver);

describeSourceConnector('amqp', {
  connector: amqpSource,
  metrics: ['rowsRead'],
  rowCounter: 'rowsRead',
  competes: true,
  unreachable,
  async open() {
    const { host } = await testAmqp();
    const queue = testQueue(host);
    return {
      config: configAt(host),
      stage: { address: queue.name, table: 'public.orders', columns: { id: 'integer', note: 'text' }, key: ['id'] },
      insert: (ids) => queue.send(rowMessages(ids)),
      [Symbol.asyncDispose]: async () => {},
    };
  },
});
