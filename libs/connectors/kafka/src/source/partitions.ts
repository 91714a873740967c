import type { Cluster } from '../cluster/cluster.ts';
import { Edge, offsetOf } from '../read/offsets.ts';

/** A partition this instance reads. */
export interface ReadPartition {
  readonly topic: string;
  readonly partition: number;
  /** What is fetched next; ahead of what is handed on. */
  offset: bigint;
  /** Where a bounded read ends. */
  end: bigint | undefined;
}

export interface Share {
  readonly index: number;
  readonly count: number;
}

export const partitionName = (topic: string, partition: number): string => `${topic}/${partition}`;

/** Of a name that `partitionName` made; topics have no slash. */
export function placeOf(name: string): { readonly topic: string; readonly partition: number } {
  const slash = name.lastIndexOf('/');
  return { topic: name.slice(0, slash), partition: Number(name.slice(slash + 1)) };
}

/** Which instance reads a partition: those of one topic go round, and topics begin at different instances. */
function isMine(topicIndex: number, partition: number, { index, count }: Share): boolean {
  return (topicIndex + partition) % count === index;
}

/** Finds the partitions of an instance, and those that come later. */
export class Partitions {
  readonly #cluster: Cluster;
  readonly #topics: readonly string[];
  readonly #share: Share;
  readonly #known = new Set<string>();

  constructor(cluster: Cluster, topics: readonly string[], share: Share) {
    this.#cluster = cluster;
    this.#topics = topics;
    this.#share = share;
  }

  /**
   * Partitions not known before.
   * @param placeOf where to read on, if that is saved
   * @param edge where to begin otherwise
   */
  async discover(
    placeOf: ReadonlyMap<string, bigint>,
    edge: bigint,
    isBounded: boolean,
  ): Promise<readonly ReadPartition[]> {
    const found: ReadPartition[] = [];
    for (const [topicIndex, topic] of this.#topics.entries()) {
      this.#cluster.forgetTopic(topic);
      const { leaders } = await this.#cluster.persist(`find topic ${topic}`, () => this.#cluster.topic(topic));
      for (const partition of leaders.keys()) {
        const name = partitionName(topic, partition);
        if (!isMine(topicIndex, partition, this.#share) || this.#known.has(name)) continue;
        this.#known.add(name);
        const offset = placeOf.get(name) ?? (await offsetOf(this.#cluster, topic, partition, edge));
        const end = isBounded ? await offsetOf(this.#cluster, topic, partition, Edge.Latest) : undefined;
        found.push({ topic, partition, offset, end });
      }
    }
    return found;
  }
}
