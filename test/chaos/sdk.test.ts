import { expect, it } from '@jest/globals';
import { runSdk } from './sdk.ts';

// The short form of `npm run -s chaos -- --scenario sdk`. The seed is printed; a failure is repeated with it.
it('handlers, outboxes and projections of a service have every effect once under kill -9 of service, worker and PostgreSQL', async () => {
  const seed = Math.floor(Math.random() * 1_000_000);
  const show = (line: string) => console.log(line);
  const result = await runSdk({ orders: 400, kills: 4, seed, show });
  const none = { missing: 0, duplicates: 0 };
  expect(result).toMatchObject({ effects: none, messages: none, bareMessages: none, projected: none });
}, 300_000);
