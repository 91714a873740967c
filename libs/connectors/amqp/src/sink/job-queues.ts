import { messagesOfChunk } from '@millrace/connector-contract';
import { type IdSource, MillraceError } from '@millrace/kernel';
import type { NodeKind } from '../config.ts';
import { PreparedLost } from '../errors.ts';
import type { Broker } from '../server/broker.ts';
import type { Received } from '../server/receiving-link.ts';
import type { SendingLink } from '../server/sending-link.ts';
import { accepted, released } from '../server/transactional-session.ts';
import type { Transaction, Transactions } from '../server/transactions.ts';
import {
  bytesIn,
  type ChunkId,
  chunkIdIn,
  compareChunks,
  compareProgress,
  encodeChunk,
  encodeProgress,
  NO_CHUNK,
  progressIn,
} from './private-messages.ts';
import { fenced, PrivateQueue, progressAway } from './private-queue.ts';

export interface JobQueuesOptions {
  readonly names: { readonly waiting: string; readonly progress: string };
  readonly kind: NodeKind;
  readonly generation: number;
  readonly ids: IdSource;
}

/**
 * The two queues of a job, as one execution uses them. Chunks of rows wait in one. The other has one message, which says how far the job is. A commit takes
 * that message and the chunk, sends the rows to their addresses and the next such message, all in one transaction: it counts once, and not at all when
 * somebody else has taken one of them.
 */
export class JobQueues {
  readonly #broker: Broker;
  readonly #options: JobQueuesOptions;
  readonly #transactions: Transactions;
  readonly #waiting: PrivateQueue;
  readonly #progress: PrivateQueue;
  readonly #targets = new Map<string, SendingLink>();
  #number = 0;

  private constructor(
    broker: Broker,
    options: JobQueuesOptions,
    parts: { transactions: Transactions; waiting: PrivateQueue; progress: PrivateQueue },
  ) {
    this.#broker = broker;
    this.#options = options;
    this.#transactions = parts.transactions;
    this.#waiting = parts.waiting;
    this.#progress = parts.progress;
  }

  /** @throws MillraceError `amqp.no_transactions`, `amqp.address_missing`, `amqp.not_allowed` */
  static async open(broker: Broker, options: JobQueuesOptions): Promise<JobQueues> {
    const waiting = await PrivateQueue.open(broker, options.names.waiting, options);
    const progress = await PrivateQueue.open(broker, options.names.progress, options);
    return new JobQueues(broker, options, { transactions: await broker.transactions(), waiting, progress });
  }

  /**
   * From now on older executions can commit nothing.
   * @param saved generation of the execution that the restored snapshot is of; `undefined`: none is restored
   * @throws MillraceError `amqp.fenced`, `amqp.progress_away`
   */
  async claim(saved: number | undefined): Promise<ChunkId> {
    const held: Received[] = [];
    if (saved === undefined) for await (const received of this.#progress.untilMark()) held.push(received);
    // An older one may be there as well, of an execution that was over before it had begun.
    else
      while (!held.some((received) => progressIn(received).generation >= saved)) held.push(await this.#takeProgress());
    this.#refuseNewer(held);
    const newest = held.map(progressIn).toSorted(compareProgress).at(-1);
    const committed = newest?.committed ?? NO_CHUNK;
    await this.#transactions.run((transaction) => this.#replace(transaction, held, committed));
    return committed;
  }

  /** Shows those of these chunks that are not yet, in order, and removes all others. @param due oldest first */
  async recover(due: readonly ChunkId[]): Promise<void> {
    const left = [...due];
    const early = new Map<number, Received>();
    const next = async (received: Received): Promise<void> => {
      await this.#commit(received);
      left.shift();
    };
    for await (const received of this.#waiting.untilMark()) {
      const at = left.findIndex((id) => compareChunks(id, chunkIdIn(received)) === 0);
      if (at === 0) await next(received);
      else if (at > 0) early.set(due.length - left.length + at, received);
      else this.#waiting.out.settle(received, accepted());
    }
    // Held until now by an execution that was about to show it.
    while (left.length > 0) await next(early.get(due.length - left.length) ?? (await this.#takeChunk(left[0]!)));
  }

  /** Keeps rows out of sight. */
  async add(bytes: Uint8Array): Promise<ChunkId> {
    const id = { generation: this.#options.generation, number: this.nextNumber };
    this.#number += 1;
    await this.#waiting.put(encodeChunk(id, bytes));
    return id;
  }

  /** Number of the chunk that is added next. */
  get nextNumber(): number {
    return this.#number + 1;
  }

  /** Shows the rows of a chunk, the oldest of this execution. @throws MillraceError `amqp.fenced`, `amqp.prepared_lost` */
  async show(id: ChunkId): Promise<void> {
    await this.#commit(undefined, id);
  }

  /** @param chunk one that is held; else the one with this id is taken */
  async #commit(chunk: Received | undefined, id: ChunkId = chunkIdIn(chunk!)): Promise<void> {
    const held: Received[] = [];
    const { generation } = this.#options;
    while (!held.some((received) => progressIn(received).generation === generation)) {
      held.push(await this.#takeProgress());
      this.#refuseNewer(held);
    }
    const taken = chunk ?? (await this.#takeChunk(id));
    const messages = messagesOfChunk(bytesIn(taken));
    for (const { address } of messages) if (!this.#targets.has(address)) await this.#open(address);
    await this.#transactions.run(async (transaction) => {
      for (const { address, body } of messages) {
        const target = this.#targets.get(address)!;
        const room = target.room();
        if (room !== undefined) await room;
        transaction.send(target, body);
      }
      transaction.accept(this.#waiting.out, taken);
      await this.#replace(transaction, held, id);
    });
  }

  async #replace(transaction: Transaction, held: readonly Received[], committed: ChunkId): Promise<void> {
    await this.#progress.in.room();
    transaction.send(this.#progress.in, encodeProgress({ generation: this.#options.generation, committed }));
    for (const received of held) transaction.accept(this.#progress.out, received);
  }

  #takeProgress(): Promise<Received> {
    const what = `the message in ${this.#progress.name} that says what is committed`;
    return this.#progress.take(() => progressAway(what));
  }

  /** Passes by what executions have left that are over. */
  async #takeChunk(id: ChunkId): Promise<Received> {
    const lost = (): MillraceError => preparedLost(id, this.#waiting.name);
    for (;;) {
      const received = await this.#waiting.take(lost);
      const found = chunkIdIn(received);
      if (compareChunks(found, id) === 0) return received;
      const isOver = found.generation < this.#options.generation;
      this.#waiting.out.settle(received, isOver ? accepted() : released());
      if (!isOver) throw lost();
    }
  }

  #refuseNewer(held: readonly Received[]): void {
    const newest = Math.max(...held.map((received) => progressIn(received).generation), 0);
    if (newest <= this.#options.generation) return;
    for (const received of held) this.#progress.out.settle(received, released());
    throw fenced(newest, this.#options.generation);
  }

  async #open(address: string): Promise<void> {
    this.#targets.set(address, await this.#broker.sender(address, this.#options.kind));
  }
}

const preparedLost = ({ generation, number }: ChunkId, queue: string): MillraceError =>
  new MillraceError(PreparedLost, {
    message: `rows that the commit needs are gone: chunk ${number} of execution ${generation} in ${queue}`,
    mend: 'Somebody removed them, or the broker did (expiry, dead letters). Start the job anew with an initial load.',
  });
