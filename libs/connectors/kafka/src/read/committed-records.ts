import type { KafkaRecord, RecordsBatch } from '@platformatic/kafka';

const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;

/** A transaction that was aborted, as a fetch of a partition names it. */
export interface AbortedTransaction {
  readonly producerId: bigint;
  /** Offset of its first record in the partition. */
  readonly firstOffset: bigint;
}

/** A record with what its batch says of it. */
export interface PlacedRecord {
  readonly record: KafkaRecord;
  readonly offset: bigint;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
}

/**
 * The records of a read-committed fetch without markers and without those of aborted transactions. A transaction that was aborted reaches from its
 * first offset to the next marker of its producer. The brokers list them in the order in which they ended, so here they are sorted first.
 * https://kafka.apache.org/documentation/#controlbatch, KIP-98 ("Consumer")
 * @param from offset that was fetched from: a batch may begin before it
 */
export function* committedRecords(
  batches: readonly RecordsBatch[],
  abortedTransactions: readonly AbortedTransaction[],
  from: bigint,
): Generator<PlacedRecord> {
  const begins = [...abortedTransactions].sort((a, b) => Number(a.firstOffset - b.firstOffset));
  const aborted = new Set<bigint>();
  let next = 0;
  for (const batch of batches) {
    const last = batch.firstOffset + BigInt(batch.lastOffsetDelta);
    for (; next < begins.length && begins[next]!.firstOffset <= last; next++) aborted.add(begins[next]!.producerId);
    if ((batch.attributes & CONTROL) !== 0) {
      aborted.delete(batch.producerId);
      continue;
    }
    if ((batch.attributes & TRANSACTIONAL) !== 0 && aborted.has(batch.producerId)) continue;
    for (const record of batch.records) {
      const offset = batch.firstOffset + BigInt(record.offsetDelta);
      if (offset >= from) yield { record, offset, timeMs: Number(batch.firstTimestamp + record.timestampDelta) };
    }
  }
}

/** Offset after the last of the batches, markers included; `from` when there are none. */
export function offsetAfter(batches: readonly RecordsBatch[], from: bigint): bigint {
  const last = batches.at(-1);
  return last === undefined ? from : last.firstOffset + BigInt(last.lastOffsetDelta) + 1n;
}
