import { isDeepStrictEqual } from 'node:util';
import { listOffsetsV9 } from '@platformatic/kafka';
import { type Cluster, refusal } from '../cluster/cluster.ts';
import { Transient } from '../cluster/retry.ts';
import { committedRecords, offsetAfter } from '../read/committed-records.ts';
import { fetchCommitted } from '../read/fetch.ts';
import { testCluster } from './test-cluster.ts';

/** A message as a read-committed consumer sees it. */
export interface SeenMessage<Bytes = string> {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: Bytes | null;
  readonly value: Bytes | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeMs: number;
}

const READ_COMMITTED = 1;
const READ_UNCOMMITTED = 0;
const LATEST = -1n;
const FETCH_BYTES = 4 * 1_024 * 1_024;

/** Ends of all partitions of the topics. */
async function ends(cluster: Cluster, topics: readonly string[], isolation: number): Promise<Map<string, bigint>> {
  const found = new Map<string, bigint>();
  for (const name of topics) {
    const { leaders } = await cluster.topic(name);
    for (const partitionIndex of leaders.keys()) {
      const wanted = [{ name, partitions: [{ partitionIndex, currentLeaderEpoch: -1, timestamp: LATEST }] }];
      const answer = await cluster
        .request(await cluster.leaderOf(name, partitionIndex), (connection) =>
          listOffsetsV9.api.async(connection, -1, isolation, wanted),
        )
        .catch((error: unknown) => {
          // A topic that was just made: its leader is chosen, and does not know yet.
          cluster.forgetTopic(name);
          throw refusal(error, `find the ends of ${name}`);
        });
      found.set(`${name}/${partitionIndex}`, answer.topics[0]!.partitions[0]!.offset);
    }
  }
  return found;
}

/** Up to where the topics can be read; unless a transaction is known to be open, when the markers of those that ended are written. */
const text = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);

function stableEnds(cluster: Cluster, topics: readonly string[], isOpen: boolean): Promise<Map<string, bigint>> {
  return cluster.persist('read to the end', async () => {
    const all = await ends(cluster, topics, READ_UNCOMMITTED);
    const stable = await ends(cluster, topics, READ_COMMITTED);
    if (!isOpen && !isDeepStrictEqual(all, stable))
      throw new Transient(
        `a transaction is open: ends ${JSON.stringify([...all], text)}, stable ${JSON.stringify([...stable], text)}`,
      );
    return stable;
  });
}

/**
 * Reads topics from the beginning to where they can be read, without what is aborted.
 * @param isOpen a transaction of theirs is open; otherwise it waits until there is none
 */
export async function committedMessages(
  brokers: string,
  topics: readonly string[],
  isOpen = false,
): Promise<readonly SeenMessage[]> {
  const seen = await committedBytes(brokers, topics, isOpen);
  return seen.map((message) => ({
    ...message,
    key: message.key?.toString() ?? null,
    value: message.value?.toString() ?? null,
  }));
}

/** The same, with keys and values as bytes. */
export async function committedBytes(
  brokers: string,
  topics: readonly string[],
  isOpen = false,
): Promise<readonly SeenMessage<Buffer>[]> {
  const cluster = testCluster(brokers);
  try {
    const seen: (readonly SeenMessage<Buffer>[])[] = [];
    for (const [name, end] of await stableEnds(cluster, topics, isOpen)) {
      const slash = name.lastIndexOf('/');
      seen.push(await partitionMessages(cluster, name.slice(0, slash), Number(name.slice(slash + 1)), end));
    }
    return seen.flat();
  } finally {
    await cluster.close();
  }
}

async function partitionMessages(
  cluster: Cluster,
  topic: string,
  partition: number,
  end: bigint,
): Promise<SeenMessage<Buffer>[]> {
  const seen: SeenMessage<Buffer>[] = [];
  for (let offset = 0n; offset < end; ) {
    const request = { topic, partition, offset, bytesMax: FETCH_BYTES, waitMs: 1_000 };
    const found = await fetchCommitted(cluster, request);
    const batches = found.records ?? [];
    for (const { record, offset: at, timeMs } of committedRecords(batches, found.abortedTransactions ?? [], offset)) {
      seen.push({
        topic,
        partition,
        offset: Number(at),
        key: record.key,
        value: record.value,
        headers: Object.fromEntries(record.headers.map(([key, value]) => [String(key), String(value)])),
        timeMs,
      });
    }
    offset = offsetAfter(batches, offset);
  }
  return seen;
}
