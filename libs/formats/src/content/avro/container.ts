import { createHash } from 'node:crypto';
import { ByteOutput } from '../../json/byte-output.ts';

/** https://avro.apache.org/docs/1.12.0/specification/#object-container-files */
export const MAGIC = Uint8Array.of(0x4f, 0x62, 0x6a, 1);
export const SYNC_BYTES = 16;
const HEADER_BYTES = 4_096;
const LONG_BYTES_MAX = 10;

/** What separates the blocks of a file: of 16 bytes that are its own, since data may hold another file. */
export const syncMarker = (key: string): Uint8Array =>
  Uint8Array.from(createHash('sha256').update(key).digest().subarray(0, SYNC_BYTES));

/** A count or length up to 2^53, zigzag. */
function putLong(output: ByteOutput, value: number): void {
  output.reserve(LONG_BYTES_MAX);
  let rest = value * 2;
  for (; rest > 127; rest = Math.floor(rest / 128)) output.buffer[output.length++] = (rest % 128) | 128;
  output.buffer[output.length++] = rest;
}

function putBytes(output: ByteOutput, bytes: Uint8Array): void {
  putLong(output, bytes.length);
  output.put(bytes);
}

/** What a file begins with. */
export function containerHeader(metadata: Readonly<Record<string, string>>, sync: Uint8Array): Uint8Array {
  const output = new ByteOutput(HEADER_BYTES);
  output.put(MAGIC);
  const entries = Object.entries(metadata);
  putLong(output, entries.length);
  for (const [name, value] of entries) {
    putBytes(output, Buffer.from(name));
    putBytes(output, Buffer.from(value));
  }
  // No more entries.
  putLong(output, 0);
  output.put(sync);
  return output.take();
}

/** A block of records. */
export function containerBlock(records: number, data: Uint8Array, sync: Uint8Array): Uint8Array {
  const output = new ByteOutput(data.length + SYNC_BYTES + 2 * LONG_BYTES_MAX);
  putLong(output, records);
  putBytes(output, data);
  output.put(sync);
  return output.take();
}
