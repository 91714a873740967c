import { type EncodedHeaders, NO_HEADERS } from '../protocol/record-batch.ts';
import { putVarint, varintLength } from '../protocol/varint.ts';

export type Header = readonly [name: string, value: string];

export function encodedHeaders(headers: readonly Header[]): EncodedHeaders {
  if (headers.length === 0) return NO_HEADERS;
  const parts = headers.flat().map((text) => Buffer.from(text));
  const size = parts.reduce((sum, { length }) => sum + varintLength(length) + length, varintLength(headers.length));
  const bytes = new Uint8Array(size);
  let at = putVarint(bytes, 0, headers.length);
  for (const part of parts) {
    at = putVarint(bytes, at, part.length);
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
