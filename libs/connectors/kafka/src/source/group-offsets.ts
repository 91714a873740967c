import type { ProcessorMetrics } from '@millrace/engine';
import { offsetCommitV9 } from '@platformatic/kafka';
import { type Cluster, refusal } from '../cluster/cluster.ts';

/** Of somebody who is no member of the group. */
const NO_GENERATION = -1;
const NO_MEMBER = '';
const NO_LEADER_EPOCH = -1;

/** Where a partition is read on. */
export interface GroupOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

/**
 * Tells a consumer group how far the job is, for tools that show its lag. Nothing is ever read from there. One commit at a time, the newest
 * wins; what goes wrong is counted and never fails the job.
 */
export class GroupOffsets {
  readonly #cluster: Cluster;
  readonly #group: string;
  readonly #metrics: ProcessorMetrics;
  #next: readonly GroupOffset[] | undefined;
  #running: Promise<void> | undefined;

  constructor(cluster: Cluster, group: string, metrics: ProcessorMetrics) {
    this.#cluster = cluster;
    this.#group = group;
    this.#metrics = metrics;
  }

  commit(offsets: readonly GroupOffset[]): void {
    if (offsets.length === 0) return;
    this.#next = offsets;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let offsets = this.#next; offsets !== undefined; offsets = this.#next) {
      this.#next = undefined;
      try {
        await this.#send(offsets);
      } catch {
        this.#metrics.add('groupCommitsFailed', 1);
      }
    }
  }

  async #send(offsets: readonly GroupOffset[]): Promise<void> {
    const topics = Array.from(
      Map.groupBy(offsets, ({ topic }) => topic),
      ([name, each]) => ({
        name,
        partitions: each.map(({ partition, offset }) => ({
          partitionIndex: partition,
          committedOffset: offset,
          committedLeaderEpoch: NO_LEADER_EPOCH,
          committedMetadata: null,
        })),
      }),
    );
    const group = this.#group;
    await this.#cluster.persist(`commit offsets of group ${group}`, async () => {
      try {
        await this.#cluster.request(await this.#cluster.groupCoordinatorOf(group), (connection) =>
          offsetCommitV9.api.async(connection, group, NO_GENERATION, NO_MEMBER, null, topics),
        );
      } catch (error) {
        this.#cluster.forgetGroupCoordinator(group);
        throw refusal(error, `commit offsets of group ${group}`);
      }
    });
  }
}
