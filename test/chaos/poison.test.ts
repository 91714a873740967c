import { expect, it } from '@jest/globals';
import { runPoison } from './poison.ts';

// The short form of `npm run -s chaos -- --scenario poison`. The seed is printed; a failure is repeated with it.
it('goes on without poison, keeps the order of each key, and takes what is repaired, while the worker is killed', async () => {
  const seed = Math.floor(Math.random() * 1_000_000);
  const show = (line: string) => console.log(line);
  const result = await runPoison({ rows: 20_000, poison: 60, kills: 3, seed, show });
  expect(result).toMatchObject({ refused: 60, wrongLetters: 0, wrongBefore: 0, wrongAfter: 0 });
}, 300_000);
