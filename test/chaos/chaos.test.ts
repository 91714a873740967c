import { expect, it } from '@jest/globals';
import { runChaos } from './chaos.ts';

// The short form of `npm run -s chaos -- --kills 25 --seconds 90`. The seed is printed; a failure is repeated with it.
it('loses and doubles nothing while workers are killed and servers restarted', async () => {
  const seed = Math.floor(Math.random() * 1_000_000);
  const result = await runChaos({
    kills: 5,
    seconds: 18,
    seed,
    workers: 2,
    serverRestarts: 1,
    show: (line) => console.log(line),
  });
  expect(result).toMatchObject({
    kills: 5,
    restarts: { redis: 1, postgres: 1 },
    differences: 0,
    duplicates: 0,
    missing: 0,
  });
  expect(result.probeEvents).toBeGreaterThan(100);
  expect(result.rows).toBeGreaterThan(100_000);
}, 300_000);
