import { expect, it } from '@jest/globals';
import { runQueues } from './queues.ts';

// The short form of `npm run -s chaos -- --scenario queues`. The seed is printed; a failure is repeated with it.
it('has every change once in streams of NATS and queues of AMQP, to and from, and in a queue of BullMQ, while workers and brokers are killed', async () => {
  const seed = Math.floor(Math.random() * 1_000_000);
  const show = (line: string) => console.log(line);
  const result = await runQueues({ kills: 2, serverKills: 1, seconds: 8, seed, show });
  const right = { missing: 0, duplicates: 0 };
  expect(result.wrong).toEqual({ nats: right, 'nats, from nats': right, 'amqp, to and from': right, bullmq: right });
  expect(result.events).toBeGreaterThan(100);
}, 300_000);
