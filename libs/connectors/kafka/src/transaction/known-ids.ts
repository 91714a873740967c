import { listTransactionsV1 } from '@platformatic/kafka';
import { type Cluster, refusal } from '../cluster/cluster.ts';

type States = Parameters<typeof listTransactionsV1.api.async>[1];

/** Transactional ids with this prefix that the brokers know, for some days after their last use. Only those that we may describe. */
export const knownIds = (cluster: Cluster, prefix: string): Promise<readonly string[]> => list(cluster, prefix, []);

/** Those with an open transaction: left behind by writers that are no more, they hold back every read-committed reader until they time out. */
export const openTransactions = (cluster: Cluster, prefix: string): Promise<readonly string[]> =>
  list(cluster, prefix, ['Ongoing']);

function list(cluster: Cluster, prefix: string, states: States): Promise<readonly string[]> {
  return cluster.persist('list transactional ids', async () => {
    try {
      const answers = await Promise.all(
        (await cluster.brokers()).map((broker) =>
          cluster.request(broker, (connection) => listTransactionsV1.api.async(connection, states, [], -1n, null)),
        ),
      );
      return answers
        .flatMap((answer) => answer.transactionStates)
        .map((transaction) => transaction.transactionalId)
        .filter((id) => id.startsWith(prefix));
    } catch (error) {
      throw refusal(error, 'list transactional ids');
    }
  });
}
