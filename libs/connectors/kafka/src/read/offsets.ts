import { listOffsetsV9 } from '@platformatic/kafka';
import { type Cluster, refusal } from '../cluster/cluster.ts';

export const Isolation = { ReadUncommitted: 0, ReadCommitted: 1 } as const;

/** The two ends of a partition, as the protocol names them: the oldest record, and what comes next (of what is committed). */
export const Edge = { Earliest: -2n, Latest: -1n } as const;

/** Offset of an end of a partition. @throws MillraceError `kafka.topic_missing`, `kafka.not_allowed`, `kafka.not_available` */
export function offsetOf(
  cluster: Cluster,
  topic: string,
  partition: number,
  edge: bigint,
  isolation: number = Isolation.ReadCommitted,
): Promise<bigint> {
  return cluster.persist(`find the ends of ${topic}`, async () => {
    const wanted = [
      { name: topic, partitions: [{ partitionIndex: partition, currentLeaderEpoch: -1, timestamp: edge }] },
    ];
    try {
      const answer = await cluster.request(await cluster.leaderOf(topic, partition), (connection) =>
        listOffsetsV9.api.async(connection, -1, isolation, wanted),
      );
      return answer.topics[0]!.partitions[0]!.offset;
    } catch (error) {
      cluster.forgetTopic(topic);
      throw refusal(error, `find the ends of ${topic}`);
    }
  });
}
