import { listOffsetsV9 } from '@platformatic/kafka';
import { type Broker, type Cluster, refusal } from '../cluster/cluster.ts';

export const Isolation = { ReadUncommitted: 0, ReadCommitted: 1 } as const;

/** The two ends of a partition, as the protocol names them: the oldest record, and what comes next (of what is committed). */
export const Edge = { Earliest: -2n, Latest: -1n } as const;

/** Offset of an end of a partition. @throws MillraceError `kafka.topic_missing`, `kafka.not_allowed`, `kafka.not_available` */
export async function offsetOf(
  cluster: Cluster,
  topic: string,
  partition: number,
  edge: bigint,
  isolation: number = Isolation.ReadCommitted,
): Promise<bigint> {
  const [offset] = await offsetsOf(cluster, [{ topic, partition }], edge, isolation);
  return offset!;
}

interface Place {
  readonly topic: string;
  readonly partition: number;
}

/** Up to where partitions can be read, read-committed; one request to each leader. @throws as `offsetOf` */
export const readableEnds = (cluster: Cluster, places: readonly Place[]): Promise<readonly bigint[]> =>
  offsetsOf(cluster, places, Edge.Latest, Isolation.ReadCommitted);

function offsetsOf(
  cluster: Cluster,
  places: readonly Place[],
  edge: bigint,
  isolation: number,
): Promise<readonly bigint[]> {
  const names = [...new Set(places.map(({ topic }) => topic))].join(', ');
  return cluster.persist(`find the ends of ${names}`, async () => {
    const leaders: Broker[] = [];
    for (const { topic, partition } of places) leaders.push(await cluster.leaderOf(topic, partition));
    const offsets: bigint[] = [];
    const byLeader = Map.groupBy(places.keys(), (index) => `${leaders[index]!.host}:${leaders[index]!.port}`);
    await Promise.all(
      Array.from(byLeader.values(), async (indexes) => {
        const found = await ofLeader(
          cluster,
          leaders[indexes[0]!]!,
          indexes.map((index) => places[index]!),
          edge,
          isolation,
        );
        for (const [at, index] of indexes.entries()) offsets[index] = found[at]!;
      }),
    );
    return offsets;
  });
}

async function ofLeader(
  cluster: Cluster,
  leader: Broker,
  places: readonly Place[],
  edge: bigint,
  isolation: number,
): Promise<readonly bigint[]> {
  const wanted = Array.from(
    Map.groupBy(places, ({ topic }) => topic),
    ([name, each]) => ({
      name,
      partitions: each.map(({ partition }) => ({ partitionIndex: partition, currentLeaderEpoch: -1, timestamp: edge })),
    }),
  );
  try {
    const { topics } = await cluster.request(leader, (connection) =>
      listOffsetsV9.api.async(connection, -1, isolation, wanted),
    );
    return places.map(
      ({ topic, partition }) =>
        topics
          .find(({ name }) => name === topic)!
          .partitions.find(({ partitionIndex }) => partitionIndex === partition)!.offset,
    );
  } catch (error) {
    for (const { name } of wanted) cluster.forgetTopic(name);
    throw refusal(error, `find the ends of ${wanted.map(({ name }) => name).join(', ')}`);
  }
}
