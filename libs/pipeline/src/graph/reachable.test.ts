import { expect, it } from '@jest/globals';
import { reachableFrom } from './reachable.ts';

it('meets each node once where two to the power of sixty ways lead to the last', () => {
  // Each fork is two nodes, merged again in the next.
  const asked: number[] = [];
  const readersOf = (node: number): readonly number[] => {
    asked.push(node);
    if (node >= 180) return [];
    return node % 3 === 0 ? [node + 1, node + 2] : [node - (node % 3) + 3];
  };
  expect(reachableFrom(0, readersOf)).toHaveLength(180);
  expect(asked).toHaveLength(181);
});
