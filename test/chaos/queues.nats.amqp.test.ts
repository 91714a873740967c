import { expect, it } from '@jest/globals';
import { runQueues } from './queues.ts';

// The short form of `npm run -s chaos -- --scenario queues`. The seed is printed; a failure is repeated with it.
it('has every change once in streams of NATS, queues of AMQP and queues of BullMQ, to and from, while workers and brokers are killed', async () => {
  const seed = Math.floor(Math.random() * 1_000_000);
  const show = (line: string) => console.log(line);
  const result = await runQueues({ kills: 2, serverKills: 1, seconds: 8, seed, show });
  const right = { missing: 0, duplicates: 0 };
  const names = ['nats', 'nats, from nats', 'amqp, to and from', 'bullmq', 'bullmq, from bullmq'];
  expect(result.wrong).toEqual(Object.fromEntries(names.map((name) => [name, right])));
  expect(result.events).toBeGreaterThan(100);
}, 300_000);
