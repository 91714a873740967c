import { describe } from '@jest/globals';
import { freePort } from '@millrace/testing';
import { describeDefinition, describeSinkAtLeastOnce, type SinkDriver } from '@millrace/testing/acceptance';
import { httpSink } from './sink/http-sink.ts';
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
