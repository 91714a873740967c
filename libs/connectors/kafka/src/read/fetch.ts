import { fetchV17 } from '@platformatic/kafka';
import { protocolCode } from '../cluster/client-error.ts';
import { type Broker, type Cluster, refusal } from '../cluster/cluster.ts';
import { Transient } from '../cluster/retry.ts';
import { Code } from '../protocol/codes.ts';

const READ_COMMITTED = 1;
/** A fetch without a session. https://cwiki.apache.org/confluence/x/-pZzBg (KIP-227) */
const NO_SESSION = 0;
const FINAL_EPOCH = -1;

/** A place to read on from. */
export interface FetchPlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

export interface FetchLimits {
  /** Of the answer; one batch is given however large it is. */
  readonly bytesMax: number;
  readonly partitionBytesMax: number;
  /** How long the broker may wait for records. */
  readonly waitMs: number;
}

export type FetchedPartition = fetchV17.FetchResponsePartition;

/**
 * What is committed, or aborted, from some places on that one broker leads.
 * @returns in the order of `places`; `undefined` where the broker said nothing
 * @throws Transient; MillraceError `kafka.topic_missing`, `kafka.not_allowed`; the client library's error of an offset out of range
 */
export async function fetchFrom(
  cluster: Cluster,
  leader: Broker,
  places: readonly FetchPlace[],
  { bytesMax, partitionBytesMax, waitMs }: FetchLimits,
): Promise<readonly (FetchedPartition | undefined)[]> {
  const topicIds = new Map<string, string>();
  for (const { topic } of places) topicIds.set(topic, (await cluster.topic(topic)).topicId);
  const wanted = [...topicIds].map(([topic, topicId]) => ({
    topicId,
    partitions: places
      .filter((place) => place.topic === topic)
      .map(({ partition, offset }) => ({
        partition,
        currentLeaderEpoch: -1,
        fetchOffset: offset,
        lastFetchedEpoch: -1,
        partitionMaxBytes: partitionBytesMax,
      })),
  }));
  try {
    const answer = await cluster.request(leader, (connection) =>
      fetchV17.api.async(connection, waitMs, 1, bytesMax, READ_COMMITTED, NO_SESSION, FINAL_EPOCH, wanted, [], ''),
    );
    return places.map(({ topic, partition }) =>
      answer.responses
        .find(({ topicId }) => topicId === topicIds.get(topic))
        ?.partitions.find(({ partitionIndex }) => partitionIndex === partition),
    );
  } catch (error) {
    if (protocolCode(error) === Code.OffsetOutOfRange) throw error;
    for (const { topic } of places) cluster.forgetTopic(topic);
    throw refusal(error, `read ${places[0]!.topic}`);
  }
}

/** The same of one place. */
export async function fetchCommitted(
  cluster: Cluster,
  { bytesMax, waitMs, ...place }: FetchPlace & Pick<FetchLimits, 'bytesMax' | 'waitMs'>,
): Promise<FetchedPartition> {
  const leader = await cluster.leaderOf(place.topic, place.partition);
  const [found] = await fetchFrom(cluster, leader, [place], { bytesMax, partitionBytesMax: bytesMax, waitMs });
  if (found === undefined) throw new Transient('the broker said nothing of the partition');
  return found;
}
