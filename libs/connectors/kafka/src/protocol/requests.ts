import { createAPI, type Reader, Writer } from '@platformatic/kafka';

/** One partition's answer to Produce. */
export interface ProduceAnswer {
  readonly errorCode: number;
  readonly baseOffset: bigint;
  /** The broker's words, if any. */
  readonly message: string | null;
}

function produceRequest(
  transactionalId: string | null,
  timeoutMs: number,
  topic: string,
  partition: number,
  records: Buffer,
): Writer {
  return Writer.create()
    .appendString(transactionalId)
    .appendInt16(-1) // acknowledged by all replicas in sync
    .appendInt32(timeoutMs)
    .appendArray([topic], (topics) =>
      topics.appendString(topic).appendArray([partition], (partitions) =>
        partitions
          .appendInt32(partition)
          .appendUnsignedVarInt(records.length + 1)
          .append(records),
      ),
    )
    .appendTaggedFields();
}

function produceResponse(_id: number, _key: number, _version: number, reader: Reader): ProduceAnswer {
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

/**
 * Produce, version 12: adds the partition to the transaction by itself (KIP-890, part 2). One batch of one partition a request.
 * https://kafka.apache.org/protocol#The_Messages_Produce
 */
export const produce = createAPI<
  [transactionalId: string | null, timeoutMs: number, topic: string, partition: number, records: Buffer],
  ProduceAnswer
>(0, 12, produceRequest, produceResponse);

export interface EndTransactionAnswer {
  readonly errorCode: number;
  /** Id and epoch of the next transaction: the epoch moves on with each, so that a stale end names a transaction that is over. */
  readonly producerId: bigint;
  readonly epoch: number;
}

/**
 * EndTxn, version 5 (KIP-890, part 2): names one transaction by its producer id and epoch, and ends no other.
 * https://kafka.apache.org/protocol#The_Messages_EndTxn
 */
export const endTransaction = createAPI<
  [transactionalId: string, producerId: bigint, epoch: number, isCommitted: boolean],
  EndTransactionAnswer
>(
  26,
  5,
  (transactionalId: string, producerId: bigint, epoch: number, isCommitted: boolean) =>
    Writer.create()
      .appendString(transactionalId)
      .appendInt64(producerId)
      .appendInt16(epoch)
      .appendBoolean(isCommitted)
      .appendTaggedFields(),
  (_id, _key, _version, reader) => {
    reader.readInt32(); // throttle time
    return { errorCode: reader.readInt16(), producerId: reader.readInt64(), epoch: reader.readInt16() };
  },
);

/** What a marker says: how a transaction ended. */
export interface TransactionMarker {
  readonly producerId: bigint;
  /** Of the marker: past that of the transaction. */
  readonly epoch: number;
  readonly isCommitted: boolean;
  readonly topic: string;
  readonly partition: number;
  /** Not below that of the producer's last marker in the partition. */
  readonly coordinatorEpoch: number;
}

/**
 * WriteTxnMarkers, version 1, of one partition. What a coordinator sends to leaders; needs the right ClusterAction. Resolves with the error code.
 * https://kafka.apache.org/protocol#The_Messages_WriteTxnMarkers
 */
export const writeMarker = createAPI<[marker: TransactionMarker], number>(
  27,
  1,
  (marker: TransactionMarker) =>
    Writer.create()
      .appendArray([marker], (writer, { producerId, epoch, isCommitted, topic, partition, coordinatorEpoch }) =>
        writer
          .appendInt64(producerId)
          .appendInt16(epoch)
          .appendBoolean(isCommitted)
          .appendArray([topic], (topics) =>
            topics
              .appendString(topic)
              .appendArray([partition], (partitions) => partitions.appendInt32(partition), true, false),
          )
          .appendInt32(coordinatorEpoch),
      )
      .appendTaggedFields(),
  (_id, _key, _version, reader) => {
    let code = 0;
    reader.readArray((markers) => {
      markers.readInt64();
      markers.readArray((topics) => {
        topics.readString();
        topics.readArray((partitions) => {
          partitions.readInt32();
          code = partitions.readInt16();
        });
      });
    });
    return code;
  },
);
