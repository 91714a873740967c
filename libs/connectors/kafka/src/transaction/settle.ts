import { MillraceError } from '@millrace/kernel';
import { describeProducersV0 } from '@platformatic/kafka';
import { protocolCode } from '../cluster/client-error.ts';
import { type Cluster, refusal } from '../cluster/cluster.ts';
import { NotAllowed, TransactionHangs } from '../errors.ts';
import { Code, codeName } from '../protocol/codes.ts';
import { writeMarker } from '../protocol/requests.ts';
import { Edge, offsetOf } from '../read/offsets.ts';
import type { TransactionHandle, WrittenPartition } from './producer.ts';

/** Markers are written within milliseconds; when a coordinator or a leader has just moved, within seconds. */
const MARKER_MS_MAX = 15_000;
const POLL_MS_MIN = 5;
const POLL_MS_MAX = 500;

/**
 * Waits until a committed transaction can be read in every partition. The answer to a commit says that it will be; a broker that was killed just then may
 * forget to write the markers of some partitions, though it knows the transaction as complete (seen with Kafka 4.3.1), and would hold back their readers for
 * ever. Then the marker is written in its stead.
 * @returns partitions whose marker had to be written
 * @throws MillraceError `kafka.transaction_hangs` when we may not write it
 */
export async function settle(cluster: Cluster, handle: TransactionHandle): Promise<number> {
  const repaired = await Promise.all(handle.partitions.map((written) => settlePartition(cluster, handle, written)));
  return repaired.filter(Boolean).length;
}

async function settlePartition(
  cluster: Cluster,
  handle: TransactionHandle,
  written: WrittenPartition,
): Promise<boolean> {
  const { clock, signal } = cluster.options;
  const deadline = clock.monotonicMs() + MARKER_MS_MAX;
  for (let pauseMs = POLL_MS_MIN; ; pauseMs = Math.min(2 * pauseMs, POLL_MS_MAX)) {
    if (await isReadable(cluster, written)) return false;
    const coordinatorEpoch = await coordinatorEpochIfOpen(cluster, handle, written);
    // Another producer's open transaction holds the readers back; that is its business.
    if (coordinatorEpoch === undefined) return false;
    if (clock.monotonicMs() > deadline) {
      await repair(cluster, handle, written, coordinatorEpoch);
      return true;
    }
    await clock.sleep(pauseMs, signal);
  }
}

async function isReadable(cluster: Cluster, { topic, partition, offset }: WrittenPartition): Promise<boolean> {
  return (await offsetOf(cluster, topic, partition, Edge.Latest)) > BigInt(offset);
}

/** The coordinator's epoch in the producer's last marker, while the transaction is open in the partition; `undefined` too where we may not see it. */
function coordinatorEpochIfOpen(
  cluster: Cluster,
  { producerId, epoch }: TransactionHandle,
  { topic, partition }: WrittenPartition,
): Promise<number | undefined> {
  return cluster.persist(`describe the producers of ${topic}`, async () => {
    try {
      const answer = await cluster.request(await cluster.leaderOf(topic, partition), (connection) =>
        describeProducersV0.api.async(connection, [{ name: topic, partitionIndexes: [partition] }]),
      );
      const mine = answer.topics[0]!.partitions[0]!.activeProducers.find(
        (producer) => producer.producerId === BigInt(producerId),
      );
      const isOpen = mine !== undefined && mine.currentTxnStartOffset >= 0n && mine.producerEpoch === epoch;
      return isOpen ? Math.max(0, mine.coordinatorEpoch) : undefined;
    } catch (error) {
      if (protocolCode(error) === Code.TopicAuthorizationFailed) return undefined;
      cluster.forgetTopic(topic);
      const refused = refusal(error, `describe the producers of ${topic}`);
      if (refused instanceof MillraceError && refused.code === NotAllowed) return undefined;
      throw refused;
    }
  });
}

async function repair(
  cluster: Cluster,
  { transactionalId, producerId, epoch }: TransactionHandle,
  { topic, partition, offset }: WrittenPartition,
  coordinatorEpoch: number,
): Promise<void> {
  const marker = {
    producerId: BigInt(producerId),
    epoch: epoch + 1,
    isCommitted: true,
    topic,
    partition,
    coordinatorEpoch,
  };
  const code = await cluster.request(await cluster.leaderOf(topic, partition), (connection) =>
    writeMarker.async(connection, marker),
  );
  if (code === Code.None) return;
  throw new MillraceError(TransactionHangs, {
    message: `Kafka has committed the transaction of ${transactionalId}, but has not said so in partition ${partition} of ${topic} (to offset ${offset}): read-committed readers wait there, and its marker can't be written: ${codeName(code)}`,
    mend: 'Give the user the ACL ClusterAction on the cluster and resume the job: it writes the marker. Do NOT abort the transaction with kafka-transactions.sh: that would lose what is committed.',
    details: { topic, partition, offset, producerId },
  });
}
