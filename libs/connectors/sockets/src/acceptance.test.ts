import { describe } from '@jest/globals';
import { freePort } from '@millrace/testing';
import {
  describeDefinition,
  describeSinkAtLeastOnce,
  describeSourceConnector,
  type SinkDriver,
} from '@millrace/testing/acceptance';
import { socketsSink } from './sink/sockets-sink.ts';
import { socketsSource } from './source/sockets-source.ts';
import { KeepingPeer } from './test-support/keeping-peer.ts';
import { PatientSender } from './test-support/patient-sender.ts';

const nowhere = async () => ({ connect: `127.0.0.1:${await freePort()}`, allow: ['127.0.0.1'] });

const driver: SinkDriver = {
  connector: socketsSink,
  // There is nothing to fence the other end with: what an older execution sends comes twice.
  fenced: /^$/,
  module: { url: new URL('./sink/sockets-sink.ts', import.meta.url).href, name: 'socketsSink' },
  unreachable: nowhere,
  async open() {
    const peer = await KeepingPeer.start();
    return {
      config: peer.config,
      stage: { acknowledge: true },
      read: async () => peer.kept.map(({ row }) => Number(row['id'])),
      [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose](),
    };
  },
};

describe('sockets is a sink connector', () => describeDefinition(driver));
describeSinkAtLeastOnce('sockets', driver);
describeSourceConnector('sockets', {
  connector: socketsSource,
  metrics: ['connections', 'rowsRead', 'bytesRead'],
  rowCounter: 'rowsRead',
  unreachable: async () => ({ listen: undefined, anonymous: false, ...(await nowhere()) }),
  async open() {
    const port = await freePort();
    const sender = new PatientSender(port);
    return {
      config: { listen: `127.0.0.1:${port}`, anonymous: true },
      stage: { acknowledge: true, table: 'public.orders', columns: { id: 'integer', note: 'text' }, key: ['id'] },
      insert: async (ids) => sender.send(ids),
      [Symbol.asyncDispose]: () => sender[Symbol.asyncDispose](),
    };
  },
});
