import type { Refusals, Resolved } from '@millrace/connector-contract';
import {
  type Batch,
  EVERY_INSTANCE,
  type Processor,
  type ProcessorContext,
  type SnapshotEntry,
  type SnapshotWriter,
} from '@millrace/engine';
import { type ChangeBatch, isChangeBatch, type TableSchema } from '@millrace/formats';
import { assert, MillraceError, parseDurationMs, parseSizeBytes } from '@millrace/kernel';
import type { Cluster } from '../cluster/cluster.ts';
import { clientIdOf, clusterOf } from '../cluster/connect.ts';
import type { ClusterConfig, SinkStage } from '../config.ts';
import { NotLinear, RecordTooLarge, SchemaIncompatible, SchemaUnknown } from '../errors.ts';
import { COMPRESSIONS } from '../protocol/compression.ts';
import { registryOf } from '../registry/registry-of.ts';
import type { SchemaRegistry } from '../registry/schema-registry.ts';
import { endOnce, type TransactionHandle } from '../transaction/producer.ts';
import {
  PROGRESS_SETTINGS,
  progressTopic,
  readProgress,
  type SavedProgress,
  startOfProgress,
} from '../transaction/progress-topic.ts';
import { CONTINUOUS_TURNS, TURNS } from '../transaction/transactional-id.ts';
import { Writer } from '../transaction/writer.ts';
import { ContinuousCommits } from './continuous-commits.ts';
import { EventWriter } from './event-writer.ts';
import { MessageWriter } from './message-writer.ts';
import { OpenBatches } from './open-batches.ts';
import { topicOfRow } from './row-column.ts';
import { SizeLimits } from './size-limits.ts';
import { topicName } from './topic-name.ts';
import { topicOf } from './topics.ts';

/** Bytes that may wait to be acknowledged; more hold the input back. Enough to keep brokers busy, few enough that a barrier does not wait long for them. */
export const PENDING_BYTES_MAX = 8 * 1_024 * 1_024;
/** How long messages wait for others before they are sent. */
const LINGER_MS = 5;
/** How long the brokers may be away before the job fails (and is started again later). */
const PATIENCE_MS = 60_000;
const ABANDON_PATIENCE_MS = 2_000;
/** How long a schema that the registry refused counts as refused, where events are set aside. */
const SCHEMA_REFUSED_MS = 30_000;

/** What the saved state of one writer says. */
type KafkaSinkOptions = Resolved<ClusterConfig, SinkStage> & { readonly refusals?: Refusals | undefined };

interface SavedWriter {
  readonly writer: number;
  /** Absent: saved when all executions had the same transactional ids. */
  readonly generation?: number;
  readonly transaction: TransactionHandle | undefined;
  /** Present once commits were continuous. */
  readonly progress?: SavedProgress | undefined;
}

/**
 * Writes change events to topics, in a transaction for each snapshot that is committed when the snapshot is.
 *
 * Life of a message: in an open batch → sent (acknowledged, in the open transaction) → prepared (its transaction is named in the state
 * of snapshot n) → visible (n is committed). A crash leaves the first two kinds to be aborted; the prepared transaction is committed by whoever
 * restores n. With continuous commits what is sent becomes visible by itself, and the state says up to where; see `ContinuousCommits`.
 */
export class KafkaSinkProcessor implements Processor {
  readonly #options: KafkaSinkOptions;
  readonly #open: OpenBatches;
  /** Of tables whose events can be written. */
  readonly #topics = new WeakMap<TableSchema, string>();
  readonly #refusedSchemas = new WeakMap<TableSchema, { readonly error: MillraceError; readonly untilMs: number }>();
  readonly #closing = new AbortController();
  #context!: ProcessorContext;
  #messages!: MessageWriter;
  #events!: EventWriter;
  #limits!: SizeLimits;
  #cluster: Cluster | undefined;
  #writer: Writer | undefined;
  #continuous: ContinuousCommits | undefined;
  #restored: SavedWriter[] = [];
  /** First event of the current batch that is not written yet. */
  #next = 0;
  #pendingBytes = 0;
  #work: Promise<void> | undefined;
  #hasFailed = false;
  #cancelLinger: (() => void) | undefined;
  #preparedFor = 0;
  #isDone = false;

  constructor(options: KafkaSinkOptions) {
    this.#options = options;
    this.#open = new OpenBatches(parseSizeBytes(options.stage.batchBytes)!, (topic, partition, batch) => {
      this.#pendingBytes += batch.byteLength;
      this.#writer!.write(topic, partition, batch);
    });
  }

  init(context: ProcessorContext): void {
    const { config, stage, job } = this.#options;
    this.#context = context;
    const { clock, signal } = context;
    const registry = (): SchemaRegistry => registryOf(config, { clock, signal, patienceMs: PATIENCE_MS });
    this.#messages = new MessageWriter(stage, job.jobName, registry);
    if (this.#isContinuous && context.totalParallelism > 1) throw severalWriters(context.totalParallelism);
    this.#cluster = this.#clusterUntil(AbortSignal.any([context.signal, this.#closing.signal]), PATIENCE_MS);
    this.#limits = new SizeLimits(this.#cluster, COMPRESSIONS[stage.compression]);
    this.#events = new EventWriter({
      messages: this.#messages,
      open: this.#open,
      refusals: this.#options.refusals,
      limits: this.#limits,
    });
    this.#writer = new Writer({
      cluster: this.#cluster,
      job,
      generation: context.generation,
      writer: context.globalIndex,
      writerCount: context.totalParallelism,
      isTransactional: context.guarantee !== 'none',
      turns: this.#isContinuous ? CONTINUOUS_TURNS : TURNS,
      timeoutMs: parseDurationMs(stage.transactionTimeout)!,
      compression: stage.compression,
      lostTransaction: stage.lostTransaction,
      metrics: context.metrics,
      sent: (batch) => {
        this.#freed(batch.byteLength);
        this.#open.recycle(batch);
      },
      halved: (batch, halves) =>
        this.#freed(batch.byteLength - halves.reduce((sum, { byteLength }) => sum + byteLength, 0)),
      fail: (error) => this.#fail(error),
    });
  }

  restoreSnapshot(entry: SnapshotEntry): void {
    this.#restored.push(JSON.parse(new TextDecoder().decode(entry.value)) as SavedWriter);
  }

  async restoreFinished(): Promise<void> {
    // Another number of writers may have saved: each has one instance that looks after what it prepared.
    const { totalParallelism, globalIndex } = this.#context;
    const mine = this.#restored.filter(({ writer }) => writer % totalParallelism === globalIndex);
    const isFirstStart = this.#context.restoredSnapshotId === undefined;
    await this.#writer!.start({
      prepared: mine.flatMap(({ transaction }) => transaction ?? []),
      generation: isFirstStart ? undefined : (this.#restored[0]?.generation ?? 0),
      isContinuous: this.#isContinuous || mine[0]?.progress !== undefined,
    });
    await this.#startContinuous(mine[0]?.progress);
    this.#restored = [];
  }

  /** After a change back to commits with snapshots, what was committed without them is skipped still. */
  async #startContinuous(saved: SavedProgress | undefined): Promise<void> {
    const { stage, job } = this.#options;
    if (!this.#isContinuous && saved === undefined) return;
    const cluster = this.#cluster!;
    const topic = progressTopic(job);
    const settings = PROGRESS_SETTINGS;
    const { replicationFactor } = stage.createTopics ?? {};
    await topicOf(cluster, topic, { partitions: 1, replicationFactor, settings });
    await this.#writer!.enter(topic);
    const isFirstStart = this.#context.restoredSnapshotId === undefined;
    this.#continuous = new ContinuousCommits({
      writer: this.#writer!,
      open: this.#open,
      topic,
      savedLeftOut: saved?.leftOut ?? [],
      found: await (isFirstStart ? startOfProgress(cluster, topic) : readProgress(cluster, topic, saved)),
      intervalMs: this.#isContinuous ? parseDurationMs(stage.commitInterval)! : undefined,
      context: { clock: this.#context.clock, fail: (error) => this.#fail(error) },
    });
    this.#events.continuous = this.#continuous;
  }

  process(_ordinal: number, batch: Batch): boolean {
    assert(isChangeBatch(batch), 'the kafka sink takes change batches');
    if (this.#isBusy()) return false;
    for (; this.#next < batch.length; this.#next += 1) {
      if (this.#pendingBytes >= PENDING_BYTES_MAX) return false;
      if (this.#events.isAside(batch, this.#next)) continue;
      if (this.#continuous?.takes(batch, this.#next) === false) {
        this.#context.metrics.add('skippedEvents', 1);
        continue;
      }
      const topic = this.#topicOf(batch, this.#next);
      if (topic === undefined) return false;
      if (topic instanceof MillraceError) this.#events.refuse(batch, this.#next, topic);
      else this.#events.write(batch, this.#next, topic);
    }
    this.#events.finished();
    this.#context.metrics.add('rowsWritten', batch.length);
    this.#next = 0;
    this.#continuous?.wrote(batch);
    if (this.#continuous?.isSealing !== true)
      this.#cancelLinger ??= this.#context.clock.timer(LINGER_MS, () => this.#linger());
    return true;
  }

  snapshotPrepare(snapshotId: number): boolean {
    if (this.#isBusy()) return false;
    if (this.#preparedFor === snapshotId) return true;
    this.#start(async () => {
      if (this.#continuous === undefined) {
        this.#open.sealAll();
        await this.#writer!.prepare();
      } else {
        await this.#continuous.prepare(snapshotId);
      }
      this.#preparedFor = snapshotId;
    });
    return false;
  }

  saveSnapshot(_snapshotId: number, writer: SnapshotWriter): boolean {
    const { globalIndex, generation } = this.#context;
    const saved: SavedWriter = {
      writer: globalIndex,
      generation,
      transaction: this.#writer!.prepared,
      progress: this.#continuous?.saved(),
    };
    const value = new TextEncoder().encode(JSON.stringify(saved));
    return writer.offer({ partition: EVERY_INSTANCE, key: `writer-${globalIndex}`, value });
  }

  async snapshotCommit(snapshotId: number): Promise<void> {
    await this.#writer!.commit();
    this.#continuous?.released(snapshotId);
    await this.#writer!.sweep();
  }

  /** Bounded input ends with a snapshot that shows the rest; without snapshots it is only sent. */
  complete(): boolean {
    if (this.#isBusy()) return false;
    if (this.#isDone || this.#context.guarantee !== 'none') return true;
    this.#start(async () => {
      this.#open.sealAll();
      await this.#writer!.prepare();
      this.#isDone = true;
    });
    return false;
  }

  async close(): Promise<void> {
    this.#cancelLinger?.();
    this.#continuous?.close();
    this.#closing.abort(new Error('the sink is closed'));
    await this.#cluster?.close();
    await this.#work;
    await this.#writer?.idle();
    await this.#abandon();
  }

  /**
   * Aborts what no snapshot can have named, so that it holds back no reader until the next execution comes. As well as it goes: that one, or
   * the brokers, abort what stays open.
   */
  async #abandon(): Promise<void> {
    const open = this.#cluster === undefined ? undefined : this.#writer?.unprepared;
    if (open === undefined) return;
    // The execution's own signal is aborted by now.
    const cluster = this.#clusterUntil(new AbortController().signal, ABANDON_PATIENCE_MS);
    await endOnce(cluster, open, false).catch(() => {});
    await cluster.close();
  }

  #clusterUntil(signal: AbortSignal, patienceMs: number): Cluster {
    const { config, job } = this.#options;
    return clusterOf(config, { clientId: clientIdOf(job), clock: this.#context.clock, signal, patienceMs });
  }

  #linger(): void {
    this.#cancelLinger = undefined;
    if (!this.#hasFailed) this.#open.sealAll();
  }

  #freed(byteCount: number): void {
    const wasFull = this.#pendingBytes >= PENDING_BYTES_MAX;
    this.#pendingBytes -= byteCount;
    if (wasFull && this.#pendingBytes < PENDING_BYTES_MAX) this.#context.wake();
  }

  get #isContinuous(): boolean {
    return this.#options.stage.commit === 'continuous' && this.#context.guarantee !== 'none';
  }

  #isBusy(): boolean {
    return this.#work !== undefined || this.#hasFailed;
  }

  #start(work: () => Promise<void>): void {
    this.#work = work()
      .catch((error: unknown) => this.#fail(error))
      .then(() => {
        this.#work = undefined;
        this.#context.wake();
      });
  }

  #fail(error: unknown): void {
    this.#hasFailed = true;
    const isTooLarge = error instanceof MillraceError && error.code === RecordTooLarge;
    if (!isTooLarge || this.#options.refusals === undefined) this.#context.fail(error);
    else {
      const fail = (reason: unknown): void => this.#context.fail(reason);
      void this.#limits.refused(error).then(fail, fail);
    }
  }

  /** Topic of this event, or why its schema is refused; `undefined` while its partitions are being asked for, or its schema is being registered. */
  #topicOf(batch: ChangeBatch, index: number): string | MillraceError | undefined {
    const schema = batch.schemas[batch.schemaOf[index]!]!;
    const known = this.#topics.get(schema);
    if (known !== undefined) return known;
    const { stage, job } = this.#options;
    const { topicColumn } = stage;
    const topic =
      topicColumn === undefined ? topicName(stage.topic, schema, job) : topicOfRow(batch, index, topicColumn);
    if (topic instanceof MillraceError) {
      if (this.#options.refusals === undefined) throw topic;
      return topic;
    }
    if (this.#open.has(topic) && this.#messages.isReady(schema, topic)) {
      if (topicColumn === undefined) this.#topics.set(schema, topic);
      return topic;
    }
    const refused = this.#refusedSchemas.get(schema);
    if (refused !== undefined && this.#context.clock.monotonicMs() < refused.untilMs) return refused.error;
    this.#start(() => this.#enter(topic, schema));
    return undefined;
  }

  async #enter(topic: string, schema: TableSchema): Promise<void> {
    const { stage, refusals } = this.#options;
    if (!this.#open.has(topic)) {
      const { leaders } = await topicOf(this.#cluster!, topic, stage.createTopics);
      if (refusals !== undefined) await this.#limits.ask(topic);
      await this.#writer!.enter(topic);
      this.#open.open(topic, leaders.length);
    }
    try {
      await this.#messages.prepare(schema, topic);
    } catch (error) {
      const isRefused =
        error instanceof MillraceError && (error.code === SchemaIncompatible || error.code === SchemaUnknown);
      if (refusals === undefined || !isRefused) throw error;
      this.#refusedSchemas.set(schema, { error, untilMs: this.#context.clock.monotonicMs() + SCHEMA_REFUSED_MS });
    }
  }
}

const severalWriters = (count: number): MillraceError =>
  new MillraceError(NotLinear, {
    message: `continuous commits need one writer, and the sink stage has ${count}`,
    mend: 'Set the parallelism of the stage to 1, or "commit": "snapshot".',
    pointer: '/commit',
  });
