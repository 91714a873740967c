import type { JobIdentity } from '@millrace/connector-contract';
import type { ProcessorMetrics } from '@millrace/engine';
import { MillraceError } from '@millrace/kernel';
import type { Cluster } from '../cluster/cluster.ts';
import type { SinkStage } from '../config.ts';
import { TransactionLost } from '../errors.ts';
import { Code } from '../protocol/codes.ts';
import { COMPRESSIONS } from '../protocol/compression.ts';
import type { RecordBatch } from '../protocol/record-batch.ts';
import { openTransactions } from './orphans.ts';
import { commitPrepared } from './outcome.ts';
import { fenced } from './partition-sender.ts';
import { endOnce, Producer, type TransactionHandle, type TransactionName, takeOver } from './producer.ts';
import { settle } from './settle.ts';
import { idPrefix, TURNS, transactionalId, writerOf } from './transactional-id.ts';

export interface WriterOptions {
  readonly cluster: Cluster;
  readonly job: JobIdentity;
  /** Number of this writer among `writerCount`. */
  readonly writer: number;
  readonly writerCount: number;
  readonly isTransactional: boolean;
  readonly timeoutMs: number;
  readonly compression: SinkStage['compression'];
  readonly lostTransaction: SinkStage['lostTransaction'];
  readonly metrics: ProcessorMetrics;
  /** As `SenderOptions` has them. */
  readonly sent: (batch: RecordBatch) => void;
  readonly halved: (batch: RecordBatch, halves: readonly RecordBatch[]) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * The transactions of one writer, in two phases over Kafka's one: what a snapshot prepares is a transaction with everything in it that
 * stays open, and is ended when the snapshot is committed, by this process or by another that knows its producer id and epoch.
 * While one is prepared the next is written under the other of two transactional ids.
 */
export class Writer {
  readonly #options: WriterOptions;
  #producers: Producer[] = [];
  #turn = 0;
  #prepared: { readonly producer: Producer; readonly handle: TransactionHandle } | undefined;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** What the snapshot that is being taken has to name. */
  get prepared(): TransactionHandle | undefined {
    return this.#prepared?.handle;
  }

  /**
   * Commits what the restored snapshot had prepared, then takes over the transactional ids, which aborts what was written after it and
   * fences whoever still writes. The order matters: a prepared transaction does not survive its id being taken over.
   * @throws MillraceError `kafka.transaction_lost` and what `Producer.open` throws
   */
  async start(prepared: readonly TransactionHandle[]): Promise<void> {
    for (const handle of prepared) await this.#commitRestored(handle);
    const { writer, isTransactional, job, cluster, timeoutMs, compression, sent, halved, fail } = this.#options;
    const ids = isTransactional
      ? Array.from({ length: TURNS }, (_, turn) => transactionalId(job, writer, turn))
      : [undefined];
    const options = { cluster, timeoutMs, compression: COMPRESSIONS[compression], sent, halved, fail };
    this.#producers = await Promise.all(ids.map((id) => Producer.open({ ...options, transactionalId: id })));
    await this.#abortOrphans(prepared);
  }

  write(topic: string, partition: number, batch: RecordBatch): void {
    this.#producers[this.#turn]!.write(topic, partition, batch);
  }

  /** Resolves when everything written is in the transaction, which is prepared then; what is written from now on is in the next. */
  async prepare(): Promise<void> {
    const producer = this.#producers[this.#turn]!;
    await producer.flush();
    const handle = producer.transaction;
    this.#prepared = handle === undefined ? undefined : { producer, handle };
    if (handle !== undefined) this.#turn = (this.#turn + 1) % this.#producers.length;
  }

  /**
   * Ends the prepared transaction and waits until it can be read.
   * @throws MillraceError `kafka.transaction_lost`, `kafka.transaction_hangs`, `kafka.fenced`
   */
  async commit(): Promise<void> {
    if (this.#prepared === undefined) return;
    const { producer, handle } = this.#prepared;
    const answer = await endOnce(this.#options.cluster, handle, true);
    if (answer.errorCode !== Code.None) {
      // Timed out; or taken over by another execution, which has committed it before.
      await commitPrepared(this.#options.cluster, handle);
      throw fenced(handle.transactionalId, 'its transaction was committed by another');
    }
    await this.#settle(handle);
    producer.ended(answer);
    this.#prepared = undefined;
    this.#options.metrics.add('transactionsCommitted', 1);
  }

  /** The transaction that no snapshot can have named yet, if something was written in it. */
  get unprepared(): TransactionName | undefined {
    return this.#producers[this.#turn]?.open;
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
    const repaired = await settle(this.#options.cluster, handle);
    if (repaired > 0) this.#options.metrics.add('markersWritten', repaired);
  }

  /** Ids of writers that there are no more: those whose number falls to this writer. */
  async #abortOrphans(prepared: readonly TransactionHandle[]): Promise<void> {
    const { cluster, job, writer, writerCount, timeoutMs } = this.#options;
    const isMine = (owner: number): boolean => owner >= writerCount && owner % writerCount === writer;
    const prefix = idPrefix(job);
    const open = await cluster.persist('list open transactions', () => openTransactions(cluster, prefix));
    const left = new Set([...open, ...prepared.map((handle) => handle.transactionalId)]);
    for (const id of left) if (isMine(writerOf(job, id))) await takeOver(cluster, id, timeoutMs);
  }
}
