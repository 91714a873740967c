import { freePort, NatsServer, testNats } from '@millrace/testing';
import {
  describeSinkAtLeastOnce,
  describeSinkConnector,
  describeSourceConnector,
  type SinkDriver,
  type SinkTarget,
} from '@millrace/testing/acceptance';
import { natsSink } from './connector.ts';
import { natsSource } from './source/nats-source.ts';
import { openStream } from './test-support/test-stream.ts';

const unreachable = async () => ({ servers: [`127.0.0.1:${await freePort()}`] });

async function targetAt(url: string): Promise<SinkTarget> {
  const stream = await openStream(url);
  return {
    config: { servers: [url] },
    stage: { stream: stream.name, subject: `${stream.name}.{table}`, createStream: { subjects: [`${stream.name}.>`] } },
    read: async () => (await stream.bodies()).map((body) => (JSON.parse(body) as { id: number }).id),
    leftovers: (jobId) => stream.waiting(jobId),
    [Symbol.asyncDispose]: () => stream.remove(),
  };
}

const driver: SinkDriver = {
  connector: natsSink,
  fenced: /^nats\.fenced$/,
  module: { url: new URL('./connector.ts', import.meta.url).href, name: 'natsSink' },
  unreachable,
  open: async () => targetAt((await testNats()).url),
  async startServer() {
    const server = await NatsServer.start();
    return {
      target: await targetAt(server.url),
      restart: () => server.restart('SIGKILL'),
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
};

describeSinkConnector('nats', driver);
describeSinkAtLeastOnce('nats', driver);

describeSourceConnector('nats', {
  connector: natsSource,
  metrics: ['rowsRead'],
  rowCounter: 'rowsRead',
  losesHistory: /^nats\.position_lost$/,
  unreachable,
  async open() {
    const { url } = await testNats();
    const stream = await openStream(url);
    return {
      config: { servers: [url] },
      stage: {
        stream: stream.name,
        table: 'public.orders',
        columns: { id: 'integer', note: 'text' },
        key: ['id'],
        consumer: 'shown',
      },
      insert: (ids) => stream.publish(ids.map((id) => JSON.stringify({ id, note: 'x' }))),
      lose: () => stream.purge(),
      [Symbol.asyncDispose]: () => stream.remove(),
    };
  },
});
