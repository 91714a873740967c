import { MillraceError } from '@millrace/kernel';
import { describeTransactionsV0, initProducerIdV5 } from '@platformatic/kafka';
import { protocolCode } from '../cluster/client-error.ts';
import { type Cluster, refusal } from '../cluster/cluster.ts';
import { Transient } from '../cluster/retry.ts';
import { TimeoutTooLong } from '../errors.ts';
import { Code, isTransient } from '../protocol/codes.ts';
import { type EndedTransaction, type Place, settle, TAKEN_OVER_MS } from './settle.ts';

export interface TakenOver {
  readonly producerId: bigint;
  readonly epoch: number;
  /** The last transaction of the id before. */
  readonly last: EndedTransaction | undefined;
  /** Partitions that still held back their readers because of it. */
  readonly repaired: number;
}

/** The last transaction of an id; where it is still open or being ended, with the partitions it wrote. */
interface Found {
  readonly ended: EndedTransaction;
  readonly places: readonly Place[];
}

/**
 * A new epoch of a transactional id: whoever used it before is fenced, and what he left open is aborted, until that can be read past.
 * @throws MillraceError `kafka.transaction_timeout_too_long`, `kafka.not_allowed`, `kafka.not_available`, `kafka.transaction_hangs`
 */
export async function takeOver(cluster: Cluster, transactionalId: string, timeoutMs: number): Promise<TakenOver> {
  const found = await lastTransaction(cluster, transactionalId);
  const producer = await newProducer(cluster, transactionalId, timeoutMs);
  const repaired = found === undefined ? 0 : await settle(cluster, found.ended, found.places, TAKEN_OVER_MS);
  return { ...producer, last: found?.ended, repaired };
}

/** A producer id; of a transactional id its new epoch. @throws as `takeOver` */
export function newProducer(
  cluster: Cluster,
  transactionalId: string | undefined,
  timeoutMs: number,
): Promise<{ readonly producerId: bigint; readonly epoch: number }> {
  return cluster.persist(`get a producer id for ${transactionalId ?? 'a producer'}`, async () => {
    const broker =
      transactionalId === undefined ? await cluster.reachable() : await cluster.coordinatorOf(transactionalId);
    try {
      const { producerId, producerEpoch } = await cluster.request(broker, (connection) =>
        initProducerIdV5.api.async(connection, transactionalId ?? null, timeoutMs, -1n, -1),
      );
      return { producerId, epoch: producerEpoch };
    } catch (error) {
      if (transactionalId !== undefined) cluster.forgetCoordinator(transactionalId);
      if (protocolCode(error) !== Code.InvalidTransactionTimeout) throw refusal(error, 'begin transactions');
      throw new MillraceError(TimeoutTooLong, {
        message: `the brokers allow no transaction of ${Math.round(timeoutMs / 1_000)} s`,
        mend: 'Lower transactionTimeout of the stage, or raise transaction.max.timeout.ms of the brokers.',
        pointer: '/transactionTimeout',
      });
    }
  });
}

/** `undefined` where there was none, or it is not known any more. */
function lastTransaction(cluster: Cluster, transactionalId: string): Promise<Found | undefined> {
  return cluster.persist(`describe the transaction of ${transactionalId}`, async () => {
    const coordinator = await cluster.coordinatorOf(transactionalId);
    try {
      const answer = await cluster.request(coordinator, (connection) =>
        describeTransactionsV0.api.async(connection, [transactionalId]),
      );
      const { producerId, producerEpoch, transactionState, topics } = answer.transactionStates[0]!;
      // Once its end is decided the epoch is that of the next.
      const epoch = transactionState === 'Ongoing' ? producerEpoch : producerEpoch - 1;
      const isCommitted = transactionState.endsWith('Commit');
      const ended = { transactionalId, producerId: String(producerId), epoch, isCommitted };
      const places = topics.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })));
      return { ended, places };
    } catch (error) {
      const code = protocolCode(error);
      if (code === Code.TransactionalIdNotFound) return undefined;
      if (error instanceof Transient || (code !== undefined && isTransient(code)))
        cluster.forgetCoordinator(transactionalId);
      throw refusal(error, `describe the transaction of ${transactionalId}`);
    }
  });
}
