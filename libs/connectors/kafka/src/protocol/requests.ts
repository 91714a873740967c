import { createAPI, Writer } from '@platformatic/kafka';

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
