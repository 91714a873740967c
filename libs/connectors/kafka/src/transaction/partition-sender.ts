import { MillraceError } from '@millrace/kernel';
import type { Cluster } from '../cluster/cluster.ts';
import { Transient } from '../cluster/retry.ts';
import { Fenced, NotAvailable, RecordRefused, RecordTooLarge, TransactionLost } from '../errors.ts';
import { Code, codeName, isTransient } from '../protocol/codes.ts';
import type { Compression, RecordBatch } from '../protocol/record-batch.ts';

/** How long a broker may wait for its replicas before it says so. */
const REPLICAS_MS_MAX = 8_000;
/** Sequence numbers are 31 bits, and start again at 0. */
const SEQUENCES = 2 ** 31;

/** The producer whose records are sent: an epoch of it is one transaction. */
export interface SendingProducer {
  /** `undefined`: without transactions. */
  readonly transactionalId: string | undefined;
  readonly producerId: bigint;
  readonly epoch: number;
}

export interface SenderOptions {
  readonly cluster: Cluster;
  readonly topic: string;
  readonly partition: number;
  readonly compression: Compression;
  /** The batch is not needed any more: it was sent. */
  readonly sent: (batch: RecordBatch) => void;
  /** The batch is replaced by its halves. */
  readonly halved: (batch: RecordBatch, halves: readonly RecordBatch[]) => void;
}

/**
 * Sends the batches of one partition, one at a time, so that their order and sequence numbers hold through every repetition: a batch that
 * may have arrived is sent again with the same sequence number, and the broker drops what it has.
 */
export class PartitionSender {
  /** Offset of the last record that was sent, if any. */
  lastOffset: bigint | undefined;
  readonly #options: SenderOptions;
  #sequence = 0;
  #queue: RecordBatch[] = [];

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  get topic(): string {
    return this.#options.topic;
  }

  get partition(): number {
    return this.#options.partition;
  }

  get isIdle(): boolean {
    return this.#queue.length === 0;
  }

  /** A new epoch of the producer: sequence numbers start again. */
  reset(): void {
    this.#sequence = 0;
    this.lastOffset = undefined;
  }

  /** Queues a batch. @returns whether `run` has to be called */
  add(batch: RecordBatch): boolean {
    batch.seal(this.#options.compression);
    this.#queue.push(batch);
    return this.#queue.length === 1;
  }

  /** Sends until the queue is empty. @throws MillraceError when a batch can't be sent */
  async run(producer: SendingProducer): Promise<void> {
    const { cluster, topic, partition, sent } = this.#options;
    while (this.#queue.length > 0) {
      const batch = this.#queue[0]!;
      const isSent = await cluster.persist(`write to partition ${partition} of ${topic}`, () =>
        this.#send(batch, producer),
      );
      if (!isSent) {
        this.#split(batch);
        continue;
      }
      this.#sequence = (this.#sequence + batch.count) % SEQUENCES;
      this.#queue.shift();
      sent(batch);
    }
  }

  /** @returns `false` when the batch is too large as a whole */
  async #send(batch: RecordBatch, { transactionalId, producerId, epoch }: SendingProducer): Promise<boolean> {
    const { cluster, topic, partition, compression } = this.#options;
    const isTransactional = transactionalId !== undefined;
    const records = await batch.encode({ producerId, epoch, sequence: this.#sequence, isTransactional }, compression);
    const leader = await cluster.leaderOf(topic, partition);
    const answer = await cluster
      .produce(leader, {
        transactionalId: transactionalId ?? null,
        timeoutMs: REPLICAS_MS_MAX,
        topic,
        partition,
        records,
      })
      .catch((error: unknown) => {
        // The leader may be another one by now.
        if (error instanceof Transient) cluster.forgetTopic(topic);
        throw error;
      });
    switch (answer.errorCode) {
      case Code.None:
        this.lastOffset = answer.baseOffset + BigInt(batch.count - 1);
        return true;
      case Code.MessageTooLarge:
      case Code.RecordListTooLarge:
        if (batch.count > 1) return false;
        throw recordTooLarge(topic, batch.packedBytes(compression), { partition });
      case Code.InvalidProducerEpoch:
      case Code.ProducerFenced:
        throw fenced(transactionalId ?? '', topic);
      case Code.OutOfOrderSequence:
      // Of the newest batch, and only that can come twice, the broker tells the offset instead.
      case Code.DuplicateSequence:
        throw new MillraceError(NotAvailable, {
          message: `topic ${topic}, partition ${partition}: the broker's memory of this producer is not ours: ${codeName(answer.errorCode)}`,
          mend: 'Replicas were lost: look at min.insync.replicas and unclean.leader.election.enable of the topic. The job goes on from its last snapshot.',
        });
      case Code.InvalidTransactionState:
      case Code.UnknownProducer:
        throw new MillraceError(TransactionLost, {
          message: `the transaction that writes to ${topic} is gone: ${codeName(answer.errorCode)}`,
          mend: 'It took longer than transactionTimeout allows. The job goes on from its last snapshot; raise transactionTimeout if snapshots take that long.',
        });
      default:
        if (!isTransient(answer.errorCode)) {
          throw new MillraceError(RecordRefused, {
            message: `topic ${topic}, partition ${partition}: ${codeName(answer.errorCode)}${answer.message === null ? '' : `: ${answer.message}`}`,
            mend: 'Look at the log of the broker, and at what the topic demands (cleanup.policy=compact wants keys; ACLs: Write on the topic, Write on the transactional ids).',
            details: { topic, partition },
          });
        }
        cluster.forgetTopic(topic);
        throw new Transient(answer.errorCode);
    }
  }

  #split(batch: RecordBatch): void {
    const halves = batch.split();
    for (const half of halves) half.seal(this.#options.compression);
    this.#queue.splice(0, 1, ...halves);
    this.#options.halved(batch, halves);
  }
}

export const fenced = (transactionalId: string, what: string): MillraceError =>
  new MillraceError(Fenced, {
    message: `another execution has taken over transactional id ${transactionalId} (${what})`,
    mend: 'Nothing if it happens once: the job goes on from its last snapshot. If it happens again, something else uses this id.',
  });

export const recordTooLarge = (
  topic: string,
  bytes: number,
  details: Readonly<Record<string, unknown>>,
): MillraceError =>
  new MillraceError(RecordTooLarge, {
    message: `a record of ${bytes} bytes is larger than topic ${topic} takes`,
    mend: `Raise max.message.bytes of the topic (kafka-configs.sh --alter --topic ${topic} --add-config max.message.bytes=N), compress, or leave large columns out by a select stage. To have such records set aside by onError, the user also needs the ACL DescribeConfigs on the topic.`,
    details: { topic, bytes, ...details },
  });
