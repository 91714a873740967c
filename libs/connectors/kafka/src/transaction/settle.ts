import { MillraceError } from '@millrace/kernel';
import { describeProducersV0 } from '@platformatic/kafka';
import { protocolCode } from '../cluster/client-error.ts';
import { type Broker, type Cluster, refusal } from '../cluster/cluster.ts';
import { NotAllowed, TransactionHangs } from '../errors.ts';
import { Code, codeName } from '../protocol/codes.ts';
import { writeMarker } from '../protocol/requests.ts';
import { readableEnds } from '../read/offsets.ts';
import type { TransactionName } from './producer.ts';

/** Markers are written within milliseconds; when a coordinator or a leader has just moved, within seconds. */
const MARKER_MS_MAX = 15_000;
/** Once the id could be taken over, the coordinator has sent them all. */
export const TAKEN_OVER_MS = 2_000;
const POLL_MS_MIN = 3;
const POLL_MS_MAX = 500;
/** From this pause on it is asked why a partition can't be read. */
const ASK_MS = 20;

/** A transaction whose end is decided. */
export interface EndedTransaction extends TransactionName {
  readonly isCommitted: boolean;
}

/** A partition that a transaction has written. */
export interface Place {
  readonly topic: string;
  readonly partition: number;
  /** A record of the transaction, if known; decimal. */
  readonly offset?: string | undefined;
}

/**
 * Waits until readers get past an ended transaction in every partition. The answer to its end says that they will; a broker that was killed just then may
 * forget to write the markers of some partitions, though it knows the transaction as complete (seen with Kafka 4.3.1), and would hold back their readers for
 * ever. Then the marker is written in its stead.
 * @returns partitions whose marker had to be written
 * @throws MillraceError `kafka.transaction_hangs` when we may not write it
 */
export async function settle(
  cluster: Cluster,
  ended: EndedTransaction,
  places: readonly Place[],
  withinMs = MARKER_MS_MAX,
): Promise<number> {
  const { clock, signal } = cluster.options;
  const deadline = clock.monotonicMs() + withinMs;
  let pending = places;
  for (let pauseMs = POLL_MS_MIN; ; pauseMs = Math.min(2 * pauseMs, POLL_MS_MAX)) {
    pending = await heldBack(cluster, pending);
    if (pauseMs > ASK_MS) {
      // Another producer's open transaction may hold the readers back; that is its business.
      const epochs = await Promise.all(pending.map((place) => coordinatorEpochIfOpen(cluster, ended, place)));
      pending = pending.filter((_, index) => epochs[index] !== undefined);
      if (clock.monotonicMs() > deadline) return await repairAll(cluster, ended, pending);
    }
    if (pending.length === 0) return 0;
    await clock.sleep(pauseMs, signal);
  }
}

/** Those that can't be read past their record, or of which none is known. */
async function heldBack(cluster: Cluster, places: readonly Place[]): Promise<readonly Place[]> {
  const known = places.filter(({ offset }) => offset !== undefined);
  const ends = await readableEnds(cluster, known);
  return places.filter((place) => {
    const at = known.indexOf(place);
    return at < 0 || ends[at]! <= BigInt(place.offset!);
  });
}

async function repairAll(cluster: Cluster, ended: EndedTransaction, places: readonly Place[]): Promise<number> {
  for (const place of places) {
    const coordinatorEpoch = await coordinatorEpochIfOpen(cluster, ended, place);
    if (coordinatorEpoch !== undefined) await repair(cluster, ended, place, coordinatorEpoch);
  }
  return places.length;
}

/** The coordinator's epoch in the producer's last marker, while the transaction is open in the partition; `undefined` too where we may not see it. */
async function coordinatorEpochIfOpen(
  cluster: Cluster,
  { producerId, epoch }: TransactionName,
  { topic, partition }: Place,
): Promise<number | undefined> {
  const what = `describe the producers of ${topic}`;
  const [found] = await cluster.persist(what, async () =>
    openProducers(cluster, await cluster.leaderOf(topic, partition), topic, [partition]),
  );
  const mine = found?.find((producer) => producer.producerId === producerId && producer.epoch === epoch);
  return mine?.coordinatorEpoch;
}

/** A producer with an open transaction in a partition. */
interface OpenProducer extends Pick<TransactionName, 'producerId' | 'epoch'> {
  readonly partition: number;
  readonly coordinatorEpoch: number;
}

/** Of partitions that one broker leads; none where we may not see them. @throws Transient */
async function openProducers(
  cluster: Cluster,
  leader: Broker,
  topic: string,
  partitions: readonly number[],
): Promise<readonly (readonly OpenProducer[])[]> {
  try {
    const answer = await cluster.request(leader, (connection) =>
      describeProducersV0.api.async(connection, [{ name: topic, partitionIndexes: [...partitions] }]),
    );
    return answer.topics[0]!.partitions.map(({ partitionIndex, activeProducers }) =>
      activeProducers
        .filter(({ currentTxnStartOffset }) => currentTxnStartOffset >= 0n)
        .map(({ producerId, producerEpoch, coordinatorEpoch }) => ({
          partition: partitionIndex,
          producerId: String(producerId),
          epoch: producerEpoch,
          coordinatorEpoch: Math.max(0, coordinatorEpoch),
        })),
    );
  } catch (error) {
    if (protocolCode(error) === Code.TopicAuthorizationFailed) return [];
    cluster.forgetTopic(topic);
    const refused = refusal(error, `describe the producers of ${topic}`);
    if (refused instanceof MillraceError && refused.code === NotAllowed) return [];
    throw refused;
  }
}

/**
 * Looks in a topic for what earlier executions left open though it has ended: a broker that was killed may have forgotten markers of partitions that nobody remembers.
 * What is written there next would be of that transaction.
 * @param ended the last transaction of each producer id that this writer has taken over
 * @returns partitions whose marker had to be written
 * @throws MillraceError `kafka.transaction_hangs`
 */
export async function settleTopic(
  cluster: Cluster,
  topic: string,
  ended: readonly EndedTransaction[],
): Promise<number> {
  const { leaders } = await cluster.persist(`find topic ${topic}`, () => cluster.topic(topic));
  const found = await cluster.persist(`describe the producers of ${topic}`, async () => {
    const byLeader = Map.groupBy(leaders.keys(), (partition) => leaders[partition]!);
    const lists = await Promise.all(
      Array.from(byLeader.values(), async (partitions) =>
        openProducers(cluster, await cluster.leaderOf(topic, partitions[0]!), topic, partitions),
      ),
    );
    return lists.flat(2);
  });
  let repaired = 0;
  for (const { partition, producerId, epoch } of found) {
    const last = ended.find((each) => each.producerId === producerId && each.epoch === epoch);
    if (last !== undefined) repaired += await settle(cluster, last, [{ topic, partition }], TAKEN_OVER_MS);
  }
  return repaired;
}

async function repair(
  cluster: Cluster,
  { transactionalId, producerId, epoch, isCommitted }: EndedTransaction,
  { topic, partition, offset }: Place,
  coordinatorEpoch: number,
): Promise<void> {
  const marker = {
    producerId: BigInt(producerId),
    epoch: epoch + 1,
    isCommitted,
    topic,
    partition,
    coordinatorEpoch,
  };
  const code = await cluster.request(await cluster.leaderOf(topic, partition), (connection) =>
    writeMarker.async(connection, marker),
  );
  if (code === Code.None) return;
  const [done, warning] = isCommitted
    ? ['committed', ' Do NOT abort the transaction with kafka-transactions.sh: that would lose what is committed.']
    : ['aborted', ' Or abort it with kafka-transactions.sh.'];
  throw new MillraceError(TransactionHangs, {
    message: `Kafka has ${done} the transaction of ${transactionalId}, but has not said so in partition ${partition} of ${topic}${offset === undefined ? '' : ` (to offset ${offset})`}: read-committed readers wait there, and its marker can't be written: ${codeName(code)}`,
    mend: `Give the user the ACL ClusterAction on the cluster and resume the job: it writes the marker.${warning}`,
    details: { topic, partition, offset, producerId },
  });
}
