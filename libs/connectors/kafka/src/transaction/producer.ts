import type { Cluster } from '../cluster/cluster.ts';
import { Transient } from '../cluster/retry.ts';
import { isTransient } from '../protocol/codes.ts';
import type { Compression, RecordBatch } from '../protocol/record-batch.ts';
import { type EndTransactionAnswer, endTransaction } from '../protocol/requests.ts';
import { fenced, PartitionSender, type SendingProducer } from './partition-sender.ts';
import { newProducer } from './take-over.ts';

/** Names one transaction for whoever ends it. */
export interface TransactionName {
  readonly transactionalId: string;
  /** Decimal: producer ids have 64 bits. */
  readonly producerId: string;
  readonly epoch: number;
}

/** The last offset that a transaction has written in a partition. */
export interface WrittenPartition {
  readonly topic: string;
  readonly partition: number;
  /** Decimal. */
  readonly offset: string;
}

/** Names a transaction and what it has written, by which its outcome can be told later. */
export interface TransactionHandle extends TransactionName {
  /** At least one. */
  readonly partitions: readonly WrittenPartition[];
}

/** Ends a transaction, once or again. @returns the broker's answer, whose code is not a transient one */
export function endOnce(
  cluster: Cluster,
  { transactionalId, producerId, epoch }: TransactionName,
  isCommitted: boolean,
): Promise<EndTransactionAnswer> {
  return cluster.persist(`end the transaction of ${transactionalId}`, async () => {
    const coordinator = await cluster.coordinatorOf(transactionalId);
    const answer = await cluster
      .request(coordinator, (connection) =>
        endTransaction.async(connection, transactionalId, BigInt(producerId), epoch, isCommitted),
      )
      .catch((error: unknown) => {
        if (error instanceof Transient) cluster.forgetCoordinator(transactionalId);
        throw error;
      });
    if (!isTransient(answer.errorCode)) return answer;
    cluster.forgetCoordinator(transactionalId);
    throw new Transient(answer.errorCode);
  });
}

export interface ProducerOptions {
  readonly cluster: Cluster;
  /** `undefined`: idempotent, without transactions. */
  readonly transactionalId: string | undefined;
  readonly timeoutMs: number;
  readonly compression: Compression;
  /** As `SenderOptions` has them. */
  readonly sent: (batch: RecordBatch) => void;
  readonly halved: (batch: RecordBatch, halves: readonly RecordBatch[]) => void;
  readonly fail: (error: unknown) => void;
}

/** Writes batches to partitions, in the open transaction of its id if it has one. */
export class Producer {
  readonly #options: ProducerOptions;
  readonly #senders = new Map<string, PartitionSender>();
  readonly #running = new Set<Promise<void>>();
  #state: SendingProducer;
  #hasWritten = false;
  #failure: { readonly error: unknown } | undefined;

  private constructor(options: ProducerOptions, producerId: bigint, epoch: number) {
    this.#options = options;
    this.#state = { transactionalId: options.transactionalId, producerId, epoch };
  }

  /**
   * Its transactional id must be new: the first to ask for its producer id gets epoch 0, and nobody else does.
   * @throws MillraceError `kafka.fenced` when the id was used or taken over before; and as `newProducer`
   */
  static async open(options: ProducerOptions): Promise<Producer> {
    const { cluster, transactionalId, timeoutMs } = options;
    const { producerId, epoch } = await newProducer(cluster, transactionalId, timeoutMs);
    if (transactionalId !== undefined && epoch !== 0) throw fenced(transactionalId, 'before it was used');
    return new Producer(options, producerId, epoch);
  }

  /** Sends a batch after those of its partition that came before; what goes wrong is told to `fail`. */
  write(topic: string, partition: number, batch: RecordBatch): void {
    this.#hasWritten = true;
    const name = `${partition} ${topic}`;
    let sender = this.#senders.get(name);
    if (sender === undefined) {
      const { cluster, compression, sent, halved } = this.#options;
      sender = new PartitionSender({ cluster, topic, partition, compression, sent, halved });
      this.#senders.set(name, sender);
    }
    if (!sender.add(batch)) return;
    const running = sender.run(this.#state).catch((error: unknown) => {
      this.#failure ??= { error };
      this.#options.fail(error);
    });
    this.#running.add(running);
    void running.then(() => this.#running.delete(running));
  }

  /** Resolves when everything that was written is acknowledged. @throws what kept a batch from being sent */
  async flush(): Promise<void> {
    await Promise.all(this.#running);
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** The open transaction; `undefined` while nothing has been written in it. */
  get open(): TransactionName | undefined {
    const { transactionalId, producerId, epoch } = this.#state;
    if (transactionalId === undefined || !this.#hasWritten) return undefined;
    return { transactionalId, producerId: String(producerId), epoch };
  }

  /** The open transaction, with everything flushed. */
  get transaction(): TransactionHandle | undefined {
    const { open } = this;
    const partitions = [...this.#senders.values()].flatMap(({ topic, partition, lastOffset }) =>
      lastOffset === undefined ? [] : [{ topic, partition, offset: String(lastOffset) }],
    );
    return open === undefined || partitions.length === 0 ? undefined : { ...open, partitions };
  }

  /** The transaction has ended: the next has another epoch. */
  ended({ producerId, epoch }: EndTransactionAnswer): void {
    this.#state = { ...this.#state, producerId, epoch };
    this.#hasWritten = false;
    for (const sender of this.#senders.values()) sender.reset();
  }
}
