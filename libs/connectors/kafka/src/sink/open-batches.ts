import { RecordBatch } from '../protocol/record-batch.ts';
import type { Message } from './message-writer.ts';
import { partitionOf } from './partition.ts';

/** Batches kept for reuse: as many as may wait to be acknowledged, of the usual size. */
const SPARE_MAX = 32;

/** Takes a batch that is full, or due. */
export type Seal = (topic: string, partition: number, batch: RecordBatch) => void;

interface OpenTopic {
  readonly name: string;
  readonly partitionCount: number;
  readonly batches: (RecordBatch | undefined)[];
}

/** The batch being filled of each partition. */
export class OpenBatches {
  readonly #bytesMax: number;
  readonly #seal: Seal;
  readonly #topics = new Map<string, OpenTopic>();
  /** Batches that were sent, with their memory. */
  readonly #spare: RecordBatch[] = [];

  constructor(bytesMax: number, seal: Seal) {
    this.#bytesMax = bytesMax;
    this.#seal = seal;
  }

  has(topic: string): boolean {
    return this.#topics.has(topic);
  }

  open(name: string, partitionCount: number): void {
    this.#topics.set(name, { name, partitionCount, batches: [] });
  }

  /** Adds a message to the batch of its partition; a batch it does not fit into is sealed first. The topic must be open. */
  add(topicName: string, message: Message): void {
    const topic = this.#topics.get(topicName)!;
    const partition = partitionOf(message.placedBy, topic.partitionCount);
    const { timeMs, key, value, headers } = message;
    const batch = topic.batches[partition];
    if (batch?.add(timeMs, key, value, headers) === true) return;
    if (batch !== undefined) this.#seal(topicName, partition, batch);
    const next = this.#spare.pop() ?? new RecordBatch(this.#bytesMax);
    topic.batches[partition] = next;
    next.add(timeMs, key, value, headers);
  }

  /** The batch was sent: its memory serves another. */
  recycle(batch: RecordBatch): void {
    if (this.#spare.length >= SPARE_MAX || batch.capacity > this.#bytesMax) return;
    batch.clear();
    this.#spare.push(batch);
  }

  /** Seals every batch that has messages. */
  sealAll(): void {
    for (const { name, batches } of this.#topics.values()) {
      for (const [partition, batch] of batches.entries()) {
        if (batch === undefined) continue;
        batches[partition] = undefined;
        this.#seal(name, partition, batch);
      }
    }
  }
}
