import { SeededRandom } from '../../shop/seeded-random.ts';

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/**
 * A random sequence of its own for each purpose, so that drawing one number more here changes nothing there. The seed of a name is its
 * FNV-1a hash (http://www.isthe.com/chongo/tech/comp/fnv/).
 */
export function randomFor(seed: number, purpose: string): SeededRandom {
  let hash = Math.imul(FNV_OFFSET ^ seed, FNV_PRIME);
  for (let index = 0; index < purpose.length; index++) {
    hash = Math.imul(hash ^ purpose.charCodeAt(index), FNV_PRIME);
  }
  return new SeededRandom(hash);
}
