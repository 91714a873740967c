import { listTransactionsV1 } from '@platformatic/kafka';
import type { Cluster } from '../cluster/cluster.ts';

/**
 * Transactional ids with this prefix that have an open transaction: left behind by writers that are no more, they would hold
 * back every read-committed reader until they time out. Empty where we may not see them.
 */
export async function openTransactions(cluster: Cluster, prefix: string): Promise<readonly string[]> {
  const answers = await Promise.all(
    (await cluster.brokers()).map((broker) =>
      cluster.request(broker, (connection) => listTransactionsV1.api.async(connection, ['Ongoing'], [], -1n, null)),
    ),
  );
  return answers
    .flatMap((answer) => answer.transactionStates)
    .map((transaction) => transaction.transactionalId)
    .filter((id) => id.startsWith(prefix));
}
