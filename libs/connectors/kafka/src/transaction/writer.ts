import type { ProcessorMetrics } from '@millrace/engine';
import { MillraceError } from '@millrace/kernel';
import type { Cluster } from '../cluster/cluster.ts';
import type { SinkStage } from '../config.ts';
import { TransactionLost } from '../errors.ts';
import { Code } from '../protocol/codes.ts';
import { COMPRESSIONS } from '../protocol/compression.ts';
import type { RecordBatch } from '../protocol/record-batch.ts';
import type { EndTransactionAnswer } from '../protocol/requests.ts';
import { commitPrepared } from './outcome.ts';
import { fenced } from './partition-sender.ts';
import { fencePredecessors, type Restored, sweepPredecessors, type WriterPlace } from './predecessors.ts';
import { endOnce, Producer, type TransactionHandle, type TransactionName } from './producer.ts';
import { type EndedTransaction, settle, settleTopic } from './settle.ts';
import type { TakenOver } from './take-over.ts';
import { transactionalId } from './transactional-id.ts';

/** Between two looks for what older executions have opened. */
const SWEEP_MS = 10_000;

export interface WriterOptions extends WriterPlace {
  readonly cluster: Cluster;
  readonly isTransactional: boolean;
  /** How many transactional ids take turns. */
  readonly turns: number;
  readonly compression: SinkStage['compression'];
  readonly lostTransaction: SinkStage['lostTransaction'];
  readonly metrics: ProcessorMetrics;
  /** As `SenderOptions` has them. */
  readonly sent: (batch: RecordBatch) => void;
  readonly halved: (batch: RecordBatch, halves: readonly RecordBatch[]) => void;
  readonly fail: (error: unknown) => void;
}

/** A transaction with everything in it, to be ended. */
interface Flushed {
  readonly producer: Producer;
  readonly handle: TransactionHandle;
}

interface WaitingBatch {
  readonly topic: string;
  readonly partition: number;
  readonly batch: RecordBatch;
}

/**
 * The transactions of one writer, in two phases over Kafka's one: what a snapshot prepares is a transaction with everything in it that
 * stays open, and is ended when the snapshot is committed, by this process or by another that knows its producer id and epoch.
 * While one is prepared the next is written under another transactional id.
 *
 * Continuous commits end transactions without a snapshot, one after the other in the order in which they were written. Records of the next are sent
 * when those of the one before are acknowledged, so the order within a partition holds across transactions.
 */
export class Writer {
  readonly #options: WriterOptions;
  #producers: Producer[] = [];
  /** The last transactions of executions before this one. */
  #before: readonly EndedTransaction[] = [];
  #sweptMs = Number.NEGATIVE_INFINITY;
  #turn = 0;
  #prepared: Flushed | undefined;
  /** Of the transaction after the one that is being flushed. */
  #waiting: WaitingBatch[] | undefined;
  /** Resolves when the coordinator has taken the newest commit. */
  #ended: Promise<void> = Promise.resolve();
  /** By producer: resolves when it may write again. */
  readonly #free = new Map<Producer, Promise<void>>();

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** What the snapshot that is being taken has to name. */
  get prepared(): TransactionHandle | undefined {
    return this.#prepared?.handle;
  }

  /**
   * Commits what the restored snapshot had prepared, then fences the executions before this one, which aborts what they wrote after it. The order
   * matters: a prepared transaction does not survive its id being taken over.
   * @throws MillraceError `kafka.transaction_lost`, `kafka.fenced` and what `Producer.open` throws
   */
  async start(restored: Restored): Promise<void> {
    const { writer, turns, isTransactional, job, generation, cluster, timeoutMs } = this.#options;
    const { compression, sent, halved, fail } = this.#options;
    for (const handle of restored.prepared) await this.#commitRestored(handle);
    const ids = isTransactional
      ? Array.from({ length: turns }, (_, turn) => transactionalId(job, { writer, turn, generation }))
      : [undefined];
    const options = { cluster, timeoutMs, compression: COMPRESSIONS[compression], sent, halved, fail };
    this.#producers = await Promise.all(ids.map((id) => Producer.open({ ...options, transactionalId: id })));
    if (!isTransactional) return;
    const taken = await fencePredecessors(cluster, this.#options, restored);
    this.#countTaken(taken);
    this.#before = taken.flatMap(({ last }) => last ?? []);
    this.#sweptMs = cluster.options.clock.monotonicMs();
  }

  /** To be called before a topic is written for the first time. @throws MillraceError `kafka.transaction_hangs` */
  async enter(topic: string): Promise<void> {
    if (this.#before.length > 0) this.#countRepaired(await settleTopic(this.#options.cluster, topic, this.#before));
  }

  /** Now and then, aborts what older executions have opened though they are fenced. */
  async sweep(): Promise<void> {
    const { cluster, isTransactional } = this.#options;
    const nowMs = cluster.options.clock.monotonicMs();
    if (!isTransactional || nowMs - this.#sweptMs < SWEEP_MS) return;
    this.#sweptMs = nowMs;
    const taken = await sweepPredecessors(cluster, this.#options);
    this.#countTaken(taken);
    if (taken.length > 0) this.#options.metrics.add('transactionsSwept', taken.length);
  }

  write(topic: string, partition: number, batch: RecordBatch): void {
    if (this.#waiting !== undefined) this.#waiting.push({ topic, partition, batch });
    else this.#producers[this.#turn]!.write(topic, partition, batch);
  }

  /** Resolves when everything written is in the transaction, which is prepared then; what is written from now on is in the next. */
  async prepare(): Promise<void> {
    await this.#ended;
    this.#prepared = await this.#flush();
  }

  /**
   * Commits what was written, without a snapshot. Resolves when it is at the brokers and the next may be sent; what goes wrong later is told to `fail`.
   * @returns the transaction, unless nothing was written
   */
  async commitBehind(): Promise<TransactionHandle | undefined> {
    const flushed = await this.#flush();
    if (flushed === undefined) return undefined;
    const answer = this.#ended.then(() => this.#endUnprepared(flushed.handle));
    this.#ended = answer.then(() => {});
    this.#ended.catch(() => {});
    const free = this.#release(flushed, answer);
    free.catch(this.#options.fail);
    this.#free.set(flushed.producer, free);
    return flushed.handle;
  }

  /** Resolves when everything that `commitBehind` commits is committed. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /**
   * Ends the prepared transaction and waits until it can be read.
   * @throws MillraceError `kafka.transaction_lost`, `kafka.transaction_hangs`, `kafka.fenced`
   */
  async commit(): Promise<void> {
    if (this.#prepared === undefined) return;
    const { producer, handle } = this.#prepared;
    const answer = await this.#end(handle);
    await this.#settle(handle);
    producer.ended(answer);
    this.#prepared = undefined;
  }

  /** Resolves when nothing is under way any more, whether it went well or not. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#free.values());
  }

  /** The transaction that no snapshot can have named yet, if something was written in it. */
  get unprepared(): TransactionName | undefined {
    return this.#producers[this.#turn]?.open;
  }

  async #flush(): Promise<Flushed | undefined> {
    const producer = this.#producers[this.#turn]!;
    this.#waiting = [];
    await producer.flush();
    const handle = producer.transaction;
    if (handle !== undefined) {
      const turn = (this.#turn + 1) % this.#producers.length;
      await this.#free.get(this.#producers[turn]!);
      this.#turn = turn;
    }
    const waiting = this.#waiting;
    this.#waiting = undefined;
    for (const { topic, partition, batch } of waiting) this.write(topic, partition, batch);
    return handle === undefined ? undefined : { producer, handle };
  }

  /** @throws MillraceError `kafka.transaction_lost`, `kafka.fenced` */
  async #end(handle: TransactionHandle): Promise<EndTransactionAnswer> {
    const answer = await endOnce(this.#options.cluster, handle, true);
    if (answer.errorCode !== Code.None) {
      // Timed out; or taken over by another execution, which has committed it before.
      await commitPrepared(this.#options.cluster, handle);
      throw fenced(handle.transactionalId, 'its transaction was committed by another');
    }
    this.#options.metrics.add('transactionsCommitted', 1);
    return answer;
  }

  /** Resolves when the producer may write its next transaction. */
  async #release({ producer, handle }: Flushed, answer: Promise<EndTransactionAnswer>): Promise<void> {
    const next = await answer;
    await this.#settle(handle);
    producer.ended(next);
  }

  /** Of one that no snapshot names: if it was aborted, its events come again. @throws MillraceError `kafka.fenced` */
  async #endUnprepared(handle: TransactionHandle): Promise<EndTransactionAnswer> {
    const answer = await endOnce(this.#options.cluster, handle, true);
    if (answer.errorCode !== Code.None) throw fenced(handle.transactionalId, 'or its transaction timed out');
    this.#options.metrics.add('transactionsCommitted', 1);
    return answer;
  }

  async #commitRestored(handle: TransactionHandle): Promise<void> {
    try {
      await commitPrepared(this.#options.cluster, handle);
      await this.#settle(handle);
    } catch (error) {
      const isLost = error instanceof MillraceError && error.code === TransactionLost;
      if (!isLost || this.#options.lostTransaction === 'fail') throw error;
      this.#options.metrics.add('transactionsLost', 1);
    }
  }

  async #settle(handle: TransactionHandle): Promise<void> {
    this.#countRepaired(await settle(this.#options.cluster, { ...handle, isCommitted: true }, handle.partitions));
  }

  #countTaken(taken: readonly TakenOver[]): void {
    this.#countRepaired(taken.reduce((sum, { repaired }) => sum + repaired, 0));
  }

  #countRepaired(count: number): void {
    if (count > 0) this.#options.metrics.add('markersWritten', count);
  }
}
