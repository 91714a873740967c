import type { Refusals, Resolved } from '@millrace/connector-contract';
import { type Batch, type Processor, type ProcessorContext, SHOWN_AFTER } from '@millrace/engine';
import { type ChangeBatch, isChangeBatch, Op } from '@millrace/formats';
import { assert, MillraceError, parseDurationMs, parseSizeBytes, systemRandom } from '@millrace/kernel';
import type { ConnectionOptions, SinkStage } from '../config.ts';
import { RowUnfit } from '../errors.ts';
import { Cluster } from '../server/cluster.ts';
import { Bulk } from './bulk.ts';
import { Documents } from './documents.ts';
import { Fence } from './fence.ts';
import { Indexes } from './indexes.ts';
import { Lane } from './lane.ts';
import { bytesOf, documentOf, type Operation } from './operation.ts';
import { SetAside } from './set-aside.ts';
import { removeAll } from './truncate.ts';

/** Requests that each lane has ahead of it at most. */
const AHEAD_MAX = 2;

export type OpensearchSinkOptions = Resolved<ConnectionOptions, SinkStage> & {
  readonly refusals?: Refusals | undefined;
};

/**
 * Writes events as they come. A barrier waits until everything before it is acknowledged, so a snapshot needs no state; what was written after the last one is written again after a
 * crash, with higher versions and in the same order, and ends in the same documents.
 */
export class OpensearchSink implements Processor {
  readonly #options: OpensearchSinkOptions;
  readonly #lanes: Lane[] = [];
  readonly #setAside = new SetAside();
  readonly #bytesMax: number;
  #context!: ProcessorContext;
  #cluster: Cluster | undefined;
  #documents!: Documents;
  #bulk!: Bulk;
  /** First event of the current batch that is not taken. */
  #next = 0;
  #waitingCount = 0;
  #waitingBytes = 0;
  #truncating: Promise<void> | undefined;
  #hasFailed = false;
  #isHeld = false;

  constructor(options: OpensearchSinkOptions) {
    this.#options = options;
    this.#bytesMax = parseSizeBytes(options.stage.size)!;
  }

  async init(context: ProcessorContext): Promise<void> {
    assert(context.totalParallelism === 1, 'one writer, so that versions have an order');
    const { config, stage, job, refusals } = this.#options;
    const { clock, signal, metrics, generation } = context;
    this.#context = context;
    const cluster = new Cluster(config, stage.concurrency + 1);
    this.#cluster = cluster;
    const fence = new Fence(cluster, job, generation, clock);
    const documents = new Documents(stage, job, generation, await fence.claim(signal));
    this.#documents = documents;
    this.#bulk = new Bulk({
      cluster,
      indexes: new Indexes(cluster, stage),
      pipeline: fence.pipeline,
      refresh: stage.refresh,
      clock,
      random: systemRandom,
      signal,
      patienceMs: parseDurationMs(stage.patience)!,
      retries: refusals?.retries ?? 0,
      retried: () => metrics.add('requestsRetried', 1),
      isOwn: (version) => documents.isOwn(version),
      checkFence: (stop) => fence.check(stop),
    });
    const settled = (operations: readonly Operation[], written: number): void => this.#settled(operations, written);
    const failed = (error: unknown): void => this.#failed(error);
    const shared = { bulk: this.#bulk, setAside: this.#setAside, refusals, settled, failed };
    for (let lane = 0; lane < stage.concurrency; lane++)
      this.#lanes.push(new Lane({ ...shared, records: stage.records, bytesMax: this.#bytesMax }));
  }

  process(_ordinal: number, batch: Batch): boolean {
    assert(isChangeBatch(batch), 'a sink takes change batches');
    for (; this.#next < batch.length; this.#next++) {
      if (this.#isFull()) return this.#hold();
      const isTruncate = batch.op[this.#next] === Op.Truncate && this.#options.stage.mode === 'upsert';
      if (!isTruncate) this.#take(batch, this.#next);
      else if (this.#options.stage.deletes === 'apply') {
        if (this.#waitingCount > 0) return this.#hold();
        this.#truncate(batch, this.#next);
      }
    }
    this.#next = 0;
    return true;
  }

  snapshotPrepare(): boolean {
    return this.#isIdle() || this.#hold();
  }

  complete(): boolean {
    return this.#isIdle() || this.#hold();
  }

  async close(): Promise<void> {
    this.#hasFailed = true;
    await this.#cluster?.close();
    await Promise.all([this.#truncating, ...this.#lanes.map((lane) => lane.idle())]);
  }

  #isIdle(): boolean {
    return !this.#hasFailed && this.#waitingCount === 0 && this.#truncating === undefined;
  }

  #isFull(): boolean {
    const { records, concurrency } = this.#options.stage;
    return (
      this.#hasFailed ||
      this.#truncating !== undefined ||
      this.#waitingCount >= records * concurrency * AHEAD_MAX ||
      this.#waitingBytes >= this.#bytesMax * concurrency * AHEAD_MAX
    );
  }

  #hold(): false {
    this.#isHeld = true;
    return false;
  }

  #take(batch: ChangeBatch, index: number): void {
    const { refusals } = this.#options;
    let operation: Operation | undefined;
    try {
      operation = this.#documents.operation(batch, index);
    } catch (error) {
      if (refusals === undefined || !(error instanceof MillraceError) || error.code !== RowUnfit) throw error;
      if (!this.#setAside.has(batch, index)) {
        const isHeld = refusals.holdsAny && refusals.holds(batch, index);
        const indexes = isHeld ? refusals.park(batch, index) : refusals.refuse(batch, index, error);
        this.#setAside.add(batch, indexes);
      }
    }
    if (operation === undefined) return;
    this.#waitingCount += 1;
    this.#waitingBytes += bytesOf(operation);
    this.#lanes[laneOf(documentOf(operation), this.#lanes.length)]!.add(operation);
  }

  #truncate(batch: ChangeBatch, index: number): void {
    const schema = batch.schemas[batch.schemaOf[index]!]!;
    if (!this.#options.stage.index.includes('{table}'))
      throw new MillraceError(RowUnfit, {
        message: `table ${schema.id} was truncated, and the index is not its own, so its documents are not known from others`,
        mend: 'Use {table} in index, or set deletes: ignore and remove the documents by hand.',
      });
    const place = { index: this.#documents.indexOf(schema), schema };
    const nextVersion = (): bigint => this.#documents.nextVersion();
    this.#truncating = removeAll(this.#cluster!, this.#bulk, place, nextVersion, this.#context.signal).then(
      () => {
        this.#truncating = undefined;
        this.#context.metrics.add('rowsWritten', 1);
        this.#context.wake();
      },
      (error: unknown) => this.#failed(error),
    );
  }

  #settled(operations: readonly Operation[], written: number): void {
    const { metrics, clock } = this.#context;
    metrics.add('rowsWritten', written);
    const nowMs = clock.nowMs();
    const { commitTimeMs } = operations.at(-1)!;
    if (commitTimeMs !== undefined) metrics.observe(SHOWN_AFTER, Math.max(0, nowMs - commitTimeMs));
    this.#waitingCount -= operations.length;
    for (const operation of operations) this.#waitingBytes -= bytesOf(operation);
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#context.wake();
  }

  #failed(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#context.fail(error);
  }
}

/** FNV-1a, 32 bits. http://www.isthe.com/chongo/tech/comp/fnv/ */
function laneOf(document: string, lanes: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < document.length; at++) hash = Math.imul(hash ^ document.charCodeAt(at), 0x01000193);
  return ((hash ^ (hash >>> 16)) >>> 0) % lanes;
}
