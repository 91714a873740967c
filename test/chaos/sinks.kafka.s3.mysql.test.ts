import { expect, it } from '@jest/globals';
import { runSinks } from './sinks.ts';

// The short form of `npm run -s chaos -- --scenario sinks`. The seed is printed; a failure is repeated with it.
it('shows every change once in Kafka, S3 and MariaDB while workers and all three are killed', async () => {
  const seed = Math.floor(Math.random() * 1_000_000);
  const show = (line: string) => console.log(line);
  const result = await runSinks({ kills: 5, serverKills: 1, seconds: 30, seed, show });
  const right = { missing: 0, duplicates: 0 };
  expect(result.wrong).toEqual({ kafka: right, s3: right, jdbc: right });
  expect(result.events).toBeGreaterThan(500);
}, 300_000);
