/**
 * What stands before a message whose schema is in a registry: a zero, and the schema's id as four bytes, big-endian.
 * https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format
 */
export const PREFIX_BYTES = 5;
const MAGIC = 0;

/** Writes the prefix at `at`. */
export function putPrefix(out: Uint8Array, at: number, schemaId: number): void {
  out[at] = MAGIC;
  out[at + 1] = schemaId >>> 24;
  out[at + 2] = schemaId >>> 16;
  out[at + 3] = schemaId >>> 8;
  out[at + 4] = schemaId;
}

/** Id of the schema that a message was written with; `undefined` when it does not begin as such a message does. */
export function schemaIdOf(message: Buffer): number | undefined {
  return message.length >= PREFIX_BYTES && message[0] === MAGIC ? message.readUInt32BE(1) : undefined;
}
