import { Reader, Writer } from '@platformatic/kafka';

/** https://kafka.apache.org/protocol#protocol_api_keys */
export const PRODUCE_KEY = 0;
/** Adds the partition to the transaction by itself (KIP-890, part 2). */
export const PRODUCE_VERSION = 12;
const ACKNOWLEDGED_BY_ALL = -1;
/** Tagged fields, none, of the partition, of the topic and of the request. */
const AFTER_RECORDS = Buffer.alloc(3);

/** One batch for one partition. */
export interface ProduceRequest {
  /** `null`: without transactions. */
  readonly transactionalId: string | null;
  /** How long the broker may wait for its replicas. */
  readonly timeoutMs: number;
  readonly topic: string;
  readonly partition: number;
  /** The batch, in pieces. They stay as they are until the request is answered or its connection is gone: they are not copied. */
  readonly records: readonly Buffer[];
}

/** One partition's answer to Produce. */
export interface ProduceAnswer {
  readonly errorCode: number;
  readonly baseOffset: bigint;
  /** The broker's words, if any. */
  readonly message: string | null;
}

/** The request in pieces, in their order: what comes before the records, the records themselves, what comes after them. */
export function producePieces(
  { transactionalId, timeoutMs, topic, partition, records }: ProduceRequest,
  { correlationId, clientId }: { readonly correlationId: number; readonly clientId: string },
): readonly Buffer[] {
  const recordBytes = records.reduce((sum, { length }) => sum + length, 0);
  const head = Writer.create()
    .appendInt16(PRODUCE_KEY)
    .appendInt16(PRODUCE_VERSION)
    .appendInt32(correlationId)
    .appendString(clientId, false)
    .appendTaggedFields()
    .appendString(transactionalId)
    .appendInt16(ACKNOWLEDGED_BY_ALL)
    .appendInt32(timeoutMs)
    // Lengths are one more than they are: these arrays have one element.
    .appendUnsignedVarInt(2)
    .appendString(topic)
    .appendUnsignedVarInt(2)
    .appendInt32(partition)
    .appendUnsignedVarInt(recordBytes + 1);
  head.appendInt32(head.length + recordBytes + AFTER_RECORDS.length, false);
  return [head.buffer, ...records, AFTER_RECORDS];
}

/** @param body what follows the correlation id */
export function readProduceAnswer(body: Buffer): ProduceAnswer {
  const reader = Reader.from(body);
  reader.readTaggedFields();
  let answer: ProduceAnswer | undefined;
  reader.readArray((topics) => {
    topics.readString();
    topics.readArray((partitions) => {
      partitions.readInt32();
      const errorCode = partitions.readInt16();
      const baseOffset = partitions.readInt64();
      partitions.readInt64(); // append time
      partitions.readInt64(); // start of the log
      partitions.readArray((errors) => {
        errors.readInt32();
        errors.readNullableString();
      });
      answer = { errorCode, baseOffset, message: partitions.readNullableString() };
    });
  });
  return answer!;
}
