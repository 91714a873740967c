/**
 * MurmurHash2 (Austin Appleby, public domain) with the seed of Kafka's Java client, so that a key goes to the same partition whoever writes it.
 * https://kafka.apache.org/documentation/#producerconfigs_partitioner.class
 */
const SEED = 0x9747b28c;
const FACTOR = 0x5bd1e995;
const SHIFT = 24;

function murmur2(bytes: Uint8Array): number {
  const { length } = bytes;
  let hash = SEED ^ length;
  const wholeEnd = length & ~3;
  for (let at = 0; at < wholeEnd; at += 4) {
    let word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    word = Math.imul(word, FACTOR);
    word ^= word >>> SHIFT;
    hash = Math.imul(hash, FACTOR) ^ Math.imul(word, FACTOR);
  }
  const rest = length & 3;
  if (rest === 3) hash ^= bytes[wholeEnd + 2]! << 16;
  if (rest >= 2) hash ^= bytes[wholeEnd + 1]! << 8;
  if (rest >= 1) hash = Math.imul(hash ^ bytes[wholeEnd]!, FACTOR);
  hash = Math.imul(hash ^ (hash >>> 13), FACTOR);
  return hash ^ (hash >>> 15);
}

/** Partition of a key among `count`, as the Java client's default partitioner chooses it. */
export const partitionOf = (key: Uint8Array, count: number): number => (murmur2(key) & 0x7fff_ffff) % count;
