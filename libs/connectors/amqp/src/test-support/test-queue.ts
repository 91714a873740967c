import { ulids } from '@millrace/kernel';
import rhea, { type Message } from 'rhea';
import { connectionSchema } from '../config.ts';
import { type Broker, withBroker } from '../server/broker.ts';
import { accepted } from '../server/transactional-session.ts';
import { PrivateQueue } from '../sink/private-queue.ts';

export const configAt = (host: string) => ({ hosts: [host] });

/** On a connection of its own: brokers of tests are killed. */
const atBroker = <T>(host: string, use: (broker: Broker) => Promise<T>): Promise<T> =>
  withBroker(connectionSchema.parse(configAt(host)), `millrace-test-${ulids.next()}`, use);

/** A queue of a test's own, and what a test does with it. */
export function testQueue(host: string, name = `t.${ulids.next()}`) {
  const taken: Message[] = [];
  return {
    name,
    /** Messages that were ever seen by readers; they take them. */
    read: (): Promise<readonly Message[]> =>
      atBroker(host, async (broker) => {
        const queue = await PrivateQueue.open(broker, name, { generation: 1, ids: ulids });
        for await (const received of queue.untilMark()) {
          taken.push(received.message);
          queue.out.settle(received, accepted());
        }
        return taken;
      }),
    send: (messages: readonly Message[]): Promise<void> =>
      atBroker(host, async (broker) => {
        const link = await broker.sender(name, 'queue');
        const sent: Promise<void>[] = [];
        for (const message of messages) {
          await link.room();
          sent.push(link.send(rhea.message.encode({ durable: true, ...message })).accepted);
        }
        await Promise.all(sent);
      }),
  };
}

/** Ids of rows that are bodies in JSON. */
export const idsIn = (messages: readonly Message[]): number[] =>
  messages.map(({ body }) => (JSON.parse(body as string) as { id: number }).id);

/** Rows with these ids as messages; their message ids are unlike all others. */
export const rowMessages = (ids: readonly number[]): Message[] =>
  ids.map((id) => ({ message_id: ulids.next(), body: JSON.stringify({ id, note: 'x' }) }));
