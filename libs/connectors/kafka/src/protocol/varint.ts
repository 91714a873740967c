/**
 * Signed numbers as Kafka's records hold them: zigzag, then seven bits a byte, the lowest first.
 * Numbers up to 2^52 either way, so that time differences of milliseconds fit.
 * https://protobuf.dev/programming-guides/encoding/#signed-ints
 */
const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);

/** Writes `value` at `at` and returns the offset after it. */
export function putVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = zigzag(value);
  while (rest >= 0x80) {
    bytes[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  bytes[at++] = rest;
  return at;
}

export function varintLength(value: number): number {
  let length = 1;
  for (let rest = zigzag(value); rest >= 0x80; rest = Math.floor(rest / 0x80)) length += 1;
  return length;
}
