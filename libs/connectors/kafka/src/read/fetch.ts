import { fetchV17 } from '@platformatic/kafka';
import { protocolCode } from '../cluster/client-error.ts';
import { type Cluster, refusal } from '../cluster/cluster.ts';
import { Code } from '../protocol/codes.ts';

const READ_COMMITTED = 1;
/** A fetch without a session. https://cwiki.apache.org/confluence/x/-pZzBg (KIP-227) */
const NO_SESSION = 0;
const FINAL_EPOCH = -1;

export interface FetchRequest {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  /** One batch is given however large it is. */
  readonly bytesMax: number;
  /** How long the broker may wait for records. */
  readonly waitMs: number;
}

/**
 * What is committed, or aborted, of a partition from an offset on.
 * @throws Transient; MillraceError `kafka.topic_missing`, `kafka.not_allowed`; the client library's error of an offset out of range
 */
export async function fetchCommitted(
  cluster: Cluster,
  request: FetchRequest,
): Promise<fetchV17.FetchResponsePartition> {
  const { topic, partition, offset, bytesMax, waitMs } = request;
  const { topicId } = await cluster.topic(topic);
  const leader = await cluster.leaderOf(topic, partition);
  const wanted = {
    topicId,
    partitions: [
      { partition, currentLeaderEpoch: -1, fetchOffset: offset, lastFetchedEpoch: -1, partitionMaxBytes: bytesMax },
    ],
  };
  try {
    const answer = await cluster.request(leader, (connection) =>
      fetchV17.api.async(connection, waitMs, 1, bytesMax, READ_COMMITTED, NO_SESSION, FINAL_EPOCH, [wanted], [], ''),
    );
    return answer.responses[0]!.partitions[0]!;
  } catch (error) {
    if (protocolCode(error) === Code.OffsetOutOfRange) throw error;
    cluster.forgetTopic(topic);
    throw refusal(error, `read ${topic}`);
  }
}
