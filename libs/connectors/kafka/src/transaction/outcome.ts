import { MillraceError } from '@millrace/kernel';
import { protocolCode } from '../cluster/client-error.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { Transient } from '../cluster/retry.ts';
import { TopicMissing, TransactionLost } from '../errors.ts';
import { Code, codeName } from '../protocol/codes.ts';
import { fetchCommitted } from '../read/fetch.ts';
import { endOnce, type TransactionHandle } from './producer.ts';

const WAIT_MS = 500;

export type Outcome = 'committed' | 'aborted' | 'unknown';

/**
 * How a transaction ended, read from the log itself: a read-committed fetch at the place of one of its records names the aborted transactions there.
 * `unknown`: the topic, or this part of it, is gone (retention).
 * https://kafka.apache.org/protocol#The_Messages_Fetch (aborted_transactions)
 */
export function outcomeOf(cluster: Cluster, { producerId, partitions }: TransactionHandle): Promise<Outcome> {
  const { topic, partition } = partitions[0]!;
  const offset = BigInt(partitions[0]!.offset);
  return cluster.persist(`read how the transaction at offset ${offset} of ${topic} ended`, async () => {
    try {
      const found = await fetchCommitted(cluster, { topic, partition, offset, bytesMax: 1, waitMs: WAIT_MS });
      if (found.logStartOffset > offset) return 'unknown';
      if (found.lastStableOffset <= offset) throw new Transient('it has not ended');
      const isAborted = (found.abortedTransactions ?? []).some(
        (aborted) => aborted.producerId === BigInt(producerId) && aborted.firstOffset <= offset,
      );
      return isAborted ? 'aborted' : 'committed';
    } catch (error) {
      const isGone = error instanceof MillraceError && error.code === TopicMissing;
      if (isGone || protocolCode(error) === Code.OffsetOutOfRange) return 'unknown';
      throw error;
    }
  });
}

/**
 * Commits a transaction that a snapshot has prepared; harmless when it is committed already, by whomever. The broker's refusal does not tell a
 * transaction that was committed long ago from one that timed out, so then the log is asked.
 * @throws MillraceError `kafka.transaction_lost`
 */
export async function commitPrepared(cluster: Cluster, handle: TransactionHandle): Promise<void> {
  const { errorCode } = await endOnce(cluster, handle, true);
  if (errorCode === Code.None) return;
  const outcome = await outcomeOf(cluster, handle);
  if (outcome === 'committed') return;
  const { topic, partition, offset } = handle.partitions[0]!;
  throw new MillraceError(TransactionLost, {
    message:
      outcome === 'aborted'
        ? `the transaction that the last snapshot had prepared (${handle.transactionalId}, to offset ${offset} of ${topic}, partition ${partition}) was aborted: no commit came within transactionTimeout, as when the job is down for longer, or somebody aborted it by hand`
        : `whether the transaction that the last snapshot had prepared (${handle.transactionalId}) was committed cannot be told any more: ${topic}, partition ${partition}, no longer has offset ${offset} (${codeName(errorCode)})`,
    mend: 'The changes between the last two snapshots are not in Kafka. Start the job anew with its initial load; or set "lostTransaction": "accept" on the sink stage and resume, to go on with the gap.',
    details: { transactionalId: handle.transactionalId, topic, partition, offset, outcome },
  });
}
