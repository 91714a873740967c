import { ulids } from '@millrace/kernel';
import { freePort, testMqtt } from '@millrace/testing';
import { describeSinkAtLeastOnce, describeSourceConnector } from '@millrace/testing/acceptance';
import { mqttSink } from './sink/mqtt-sink.ts';
import { mqttSource } from './source/mqtt-source.ts';
import { TestReader, testTopic } from './test-support/test-topic.ts';

const unreachable = async () => ({ host: '127.0.0.1', port: await freePort() });

describeSinkAtLeastOnce('mqtt', {
  connector: mqttSink,
  fenced: /^mqtt\.taken_over$/,
  module: { url: new URL('./sink/mqtt-sink.ts', import.meta.url).href, name: 'mqttSink' },
  unreachable,
  async open() {
    const { url } = await testMqtt();
    const { name, config } = testTopic(url);
    const reader = await TestReader.open(url, name);
    return {
      config,
      stage: { topic: `${name}/{table}` },
      read: async () =>
        (await reader.all()).map(({ payload }) => (JSON.parse(payload.toString()) as { readonly id: number }).id),
      [Symbol.asyncDispose]: () => reader.close(),
    };
  },
});

describeSourceConnector('mqtt', {
  connector: mqttSource,
  metrics: ['rowsRead', 'messagesInFlight'],
  rowCounter: 'rowsRead',
  losesHistory: /^mqtt\.session_lost$/,
  unreachable,
  async open() {
    const topic = testTopic((await testMqtt()).url);
    const { name, config } = topic;
    const clientId = `source-${ulids.next()}`;
    return {
      config,
      stage: {
        topics: [`${name}/#`],
        clientId,
        table: 'public.orders',
        columns: { id: 'integer', note: 'text' },
        key: ['id'],
      },
      insert: (ids) => topic.publish(ids.map((id) => JSON.stringify({ id, note: 'x' }))),
      lose: () => topic.forget(clientId),
      [Symbol.asyncDispose]: () => topic.forget(clientId),
    };
  },
});
