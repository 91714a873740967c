import { describe } from '@jest/globals';
import { freePort } from '@millrace/testing';
import {
  describeDefinition,
  describeSinkAtLeastOnce,
  describeSourceConnector,
  type SinkDriver,
} from '@millrace/testing/acceptance';
import { httpSink } from './sink/http-sink.ts';
import { httpSource } from './source/http-source.ts';
import { PatientCaller } from './test-support/caller.ts';
import { ReceiverServer } from './test-support/receiver-server.ts';

const driver: SinkDriver = {
  connector: httpSink,
  // There is nothing to fence a receiver with: what an older execution sends has the same ids.
  fenced: /^$/,
  module: { url: new URL('./sink/http-sink.ts', import.meta.url).href, name: 'httpSink' },
  unreachable: async () => ({ url: `http://127.0.0.1:${await freePort()}/` }),
  async open() {
    const receiver = await ReceiverServer.start();
    return {
      config: receiver.config,
      stage: {},
      read: async () => receiver.events.map(({ data }) => Number(data['id'])),
      [Symbol.asyncDispose]: () => receiver[Symbol.asyncDispose](),
    };
  },
};

describe('http is a sink connector', () => describeDefinition(driver));
describeSinkAtLeastOnce('http', driver);
describeSourceConnector('http', {
  connector: httpSource,
  metrics: ['requestsTaken', 'requestsWaiting', 'rowsRead'],
  rowCounter: 'rowsRead',
  unreachable: async () => ({ secret: 'whsec_short' }),
  async open() {
    const listen = `127.0.0.1:${await freePort()}`;
    const caller = new PatientCaller(`http://${listen}/`);
    return {
      config: { listen, anonymous: true },
      stage: { table: 'public.orders', columns: { id: 'integer', note: 'text' }, key: ['id'] },
      // The answer comes with the snapshot; the caller sends it again until then, whatever becomes of an execution.
      insert: async (ids) => void caller.send(ids),
      [Symbol.asyncDispose]: () => caller[Symbol.asyncDispose](),
    };
  },
});
