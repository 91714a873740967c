import { describe, expect, it } from '@jest/globals';
import { verifyProcessor } from '@millrace/testing';
import { sortRows } from './sort.ts';

describe.each(['generated', 'interpreted'] as const)('sorting, %s', (mode) => {
  it('gives all rows in order when the input has ended, through saves and restores', async () => {
    const numbers = Array.from({ length: 3_000 }, (_, n) => (n * 7_919) % 3_001);
    const sorted = [...numbers].sort((a, b) => a - b);
    await verifyProcessor(sortRows({ mode }))
      .input(numbers.slice(0, 40))
      .expectOutput([...numbers.slice(0, 40)].sort((a, b) => a - b));
    await verifyProcessor(sortRows({ mode }), { restarts: false }).input(numbers).expectOutput(sorted);
  });

  it('keeps the order of rows that are equal', async () => {
    const rows = ['b1', 'a1', 'b2', 'a2', 'c1', 'b3'];
    await verifyProcessor(sortRows({ compare: (a: string, b: string) => a.charCodeAt(0) - b.charCodeAt(0), mode }))
      .input(rows)
      .expectOutput(['a1', 'a2', 'b1', 'b2', 'b3', 'c1']);
  });

  it('has a limit', async () => {
    const run = verifyProcessor(sortRows({ mode }), { context: { stateBytesMax: 300 } })
      .input([3, 2, 1])
      .expectOutput([]);
    await expect(run).rejects.toMatchObject({ cause: { code: { code: 'operators.state_too_large' } } });
  });
});
