import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { expect, it } from '@jest/globals';
import { systemClock } from '@millrace/kernel';
import { Connection, createAPI, Writer } from '@platformatic/kafka';
import fc from 'fast-check';
import type { ProduceAnswer } from '../protocol/produce.ts';
import { ProduceChannel } from './produce-channel.ts';
import { Transient } from './retry.ts';

const CLIENT = 'channel-test';
const REQUEST = { transactionalId: null, timeoutMs: 1_000, topic: 'orders', partition: 3 };
/** A request that is the library's business: the answer is one string. */
const ask = createAPI<[], string>(
  99,
  0,
  () => Writer.create(),
  (_id, _key, _version, reader) => reader.readString(),
  true,
  true,
);

function frame(correlationId: number, body: Writer): Buffer {
  const whole = Writer.create().appendInt32(correlationId).appendTaggedFields().appendFrom(body);
  return whole.prependLength().buffer;
}

const answerOf = (baseOffset: bigint): Writer =>
  Writer.create()
    .appendArray(['orders'], (topics, name) =>
      topics.appendString(name).appendArray([3], (partitions, index) =>
        partitions
          .appendInt32(index)
          .appendInt16(0)
          .appendInt64(baseOffset)
          .appendInt64(-1n)
          .appendInt64(0n)
          .appendArray([], () => {})
          .appendString(null),
      ),
    )
    .appendInt32(0)
    .appendTaggedFields();

/** A server that keeps silent, the library's connection to it, and our channel on that. */
async function opened(
  use: (channel: ProduceChannel, connection: Connection, peer: Socket) => Promise<void>,
  answerMsMax = 60_000,
) {
  const peers: Socket[] = [];
  const server = createServer((socket) => peers.push(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const connection = new Connection(CLIENT, { maxInflights: 64 });
  await connection.connect('127.0.0.1', (server.address() as { port: number }).port);
  if (peers.length === 0) await once(server, 'connection');
  const channel = ProduceChannel.of(connection, { clientId: CLIENT, clock: systemClock, answerMsMax });
  try {
    await use(channel, connection, peers[0]!);
  } finally {
    peers[0]!.destroy();
    server.close();
  }
}

/** Ids of the requests that arrive, in their order, when there are so many. */
function arrived(peer: Socket, count: number): Promise<readonly number[]> {
  const ids: number[] = [];
  let bytes = Buffer.alloc(0);
  return new Promise((resolve) => {
    peer.on('data', (piece: Buffer) => {
      bytes = Buffer.concat([bytes, piece]);
      while (bytes.length >= 4 && bytes.length >= bytes.readInt32BE(0) + 4) {
        ids.push(bytes.readInt32BE(8));
        bytes = bytes.subarray(bytes.readInt32BE(0) + 4);
      }
      if (ids.length >= count) resolve(ids);
    });
  });
}

it('takes its own answers and leaves the others to the library, wherever the stream is cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 60 }),
      async (kinds, cuts) => {
        await opened(async (channel, connection, peer) => {
          const due = arrived(peer, kinds.length);
          const answers: Promise<ProduceAnswer | string>[] = kinds.map((isOurs, at) =>
            isOurs
              ? channel.produce({ ...REQUEST, records: [Buffer.alloc(at), Buffer.alloc(7)] })
              : ask.async(connection),
          );
          const ids = await due;
          // As they arrived; the library queues its own, so not always as they were asked.
          const stream = Buffer.concat(
            ids.map((id) =>
              frame(id, id >= 2 ** 30 ? answerOf(BigInt(id - 2 ** 30)) : Writer.create().appendString('theirs')),
            ),
          );
          for (let at = 0, turn = 0; at < stream.length; turn++) {
            const length = cuts[turn % cuts.length]!;
            peer.write(stream.subarray(at, at + length));
            at += length;
            await new Promise(setImmediate);
          }
          let ours = 0n;
          expect(await Promise.all(answers)).toEqual(
            kinds.map((isOurs) => (isOurs ? { errorCode: 0, baseOffset: ours++, message: null } : 'theirs')),
          );
        });
      },
    ),
    { numRuns: 30 },
  );
});

it('tells who waits when the connection breaks, when the broker is silent, and when it is closed already', async () => {
  await opened(async (channel, _, peer) => {
    const waiting = channel.produce({ ...REQUEST, records: [Buffer.alloc(5)] });
    await arrived(peer, 1);
    peer.destroy();
    await expect(waiting).rejects.toThrow(Transient);
    await expect(channel.produce({ ...REQUEST, records: [] })).rejects.toThrow(/closed/);
  });
  await opened(async (channel, connection) => {
    await expect(channel.produce({ ...REQUEST, records: [Buffer.alloc(5)] })).rejects.toThrow(Transient);
    expect(connection.socket.destroyed).toBe(true);
  }, 50);
});
