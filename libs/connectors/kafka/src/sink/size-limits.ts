import { MillraceError } from '@millrace/kernel';
import type { Cluster } from '../cluster/cluster.ts';
import { topicLimit } from '../cluster/topic-limit.ts';
import { LimitLowered } from '../errors.ts';
import { type Compression, RecordBatch } from '../protocol/record-batch.ts';
import { recordTooLarge } from '../transaction/partition-sender.ts';
import type { Message } from './message-writer.ts';

/** Packing can make bytes more that can't be packed: by a sixth at most (snappy). */
const MAY_GROW = 7 / 6;
const OVERHEAD_MAX = 200;

/**
 * What topics take. A stage that sets records aside has to know before it writes one: what was sent can't be taken back alone.
 */
export class SizeLimits {
  readonly #cluster: Cluster;
  readonly #compression: Compression;
  readonly #limits = new Map<string, number>();

  constructor(cluster: Cluster, compression: Compression) {
    this.#cluster = cluster;
    this.#compression = compression;
  }

  /** Before the first message of a topic. */
  async ask(topic: string): Promise<void> {
    const limit = await topicLimit(this.#cluster, topic);
    if (limit !== undefined) this.#limits.set(topic, limit);
  }

  /** @throws MillraceError `kafka.record_too_large` */
  check(topic: string, message: Message): void {
    const limit = this.#limits.get(topic);
    if (limit === undefined) return;
    const { timeMs, key, value, headers } = message;
    const plain = (key?.length ?? 0) + (value?.length ?? 0) + headers.length + OVERHEAD_MAX;
    if (plain * MAY_GROW <= limit) return;
    // Least of all it is sent alone.
    const batch = new RecordBatch(1);
    batch.add(timeMs, key, value, headers);
    const bytes = batch.packedBytes(this.#compression);
    if (bytes > limit) throw recordTooLarge(topic, bytes, { limit });
  }

  /** What a refusal of a record by its topic means, though it was checked. */
  async refused(error: MillraceError): Promise<MillraceError> {
    const { topic, bytes } = error.details as { readonly topic: string; readonly bytes: number };
    const limit = await topicLimit(this.#cluster, topic);
    if (limit === undefined || bytes <= limit) return error;
    return new MillraceError(LimitLowered, {
      message: `topic ${topic} takes only ${limit} bytes by now: ${error.message}`,
      mend: 'Nothing: the job goes on from its last snapshot and sets such records aside.',
    });
  }
}
