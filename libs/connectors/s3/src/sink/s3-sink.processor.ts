import type { Refusals, Resolved } from '@millrace/connector-contract';
import {
  type Batch,
  EVERY_INSTANCE,
  type Processor,
  type ProcessorContext,
  type SnapshotEntry,
  type SnapshotWriter,
} from '@millrace/engine';
import { isChangeBatch } from '@millrace/formats';
import { contentFormat } from '@millrace/formats/content';
import { MillraceError, parseDurationMs } from '@millrace/kernel';
import { Bucket } from '../bucket/bucket.ts';
import { type CompactionTask, compactionTask } from '../compact/compaction-task.ts';
import type { S3Config, S3Stage } from '../config.ts';
import { CONTENT_CODES, NotChangeEvents } from '../errors.ts';
import { manifestKey, type Owner, objectName } from '../naming/keys.ts';
import { literalPrefix } from '../naming/path-template.ts';
import { checkFence, type Place, raiseFence, sweep } from './fence.ts';
import { ObjectWriter } from './object-writer.ts';
import { type PreparedGroup, prepareGroup, type SavedWriter } from './prepared.ts';
import { publish } from './publish.ts';

type S3SinkOptions = Resolved<S3Config, S3Stage> & { readonly refusals?: Refusals | undefined };

/**
 * Writes change events to objects that appear when the snapshot that covers them is committed.
 *
 * Life of an object: open (parts go up) → sealed (all parts are there) → prepared (its upload is in the state of snapshot n) → visible (n is committed, its
 * upload completed) → named by a manifest. A crash leaves uploads of the first two kinds to be aborted; prepared ones are completed by whoever restores n.
 */
export class S3SinkProcessor implements Processor {
  /** Row groups of Parquet are encoded in one go. */
  readonly isCooperative: boolean;
  readonly #options: S3SinkOptions;
  readonly #place: Place;
  readonly #closing = new AbortController();
  #context!: ProcessorContext;
  #owner!: Owner;
  #bucket!: Bucket;
  #writer!: ObjectWriter;
  #prepared: PreparedGroup[] = [];
  #restored: SavedWriter[] = [];
  #work: Promise<void> | undefined;
  #hasFailed = false;
  /** The newest snapshot that was prepared; the next one is expected to have the number after it. */
  #preparedFor = 0;
  #isDone = false;
  #cancelRoll: (() => void) | undefined;
  #compaction: CompactionTask | undefined;

  constructor(options: S3SinkOptions) {
    const { config, stage, job } = options;
    this.#options = options;
    this.isCooperative = stage.format !== 'parquet';
    this.#place = { prefix: config.prefix, job, objects: `${config.prefix}${literalPrefix(stage.path)}` };
  }

  async init(context: ProcessorContext): Promise<void> {
    const { config, stage, job, refusals } = this.#options;
    const owner = { writer: context.globalIndex, generation: context.generation };
    this.#context = context;
    this.#owner = owner;
    this.#preparedFor = context.restoredSnapshotId ?? 0;
    const bucket = await Bucket.connect({
      config,
      clock: context.clock,
      signal: AbortSignal.any([context.signal, this.#closing.signal]),
      requests: stage.requests,
    });
    this.#bucket = bucket;
    this.#writer = new ObjectWriter({
      bucket,
      format: await contentFormat({ stage, codes: CONTENT_CODES, jobName: job.jobName }),
      stage,
      jobName: job.jobName,
      keyOf: (folder, sequence, extension) =>
        `${config.prefix}${folder}/${objectName(job, owner, this.#preparedFor + 1, sequence, extension)}`,
      refusals,
      onFailure: (error) => this.#fail(error),
      onProgress: () => {
        this.#report();
        context.wake();
      },
    });
    await raiseFence(bucket, this.#place, owner);
    this.#compaction = compactionTask(stage, owner, {
      bucket,
      prefix: config.prefix,
      job,
      clock: context.clock,
      ids: context.ids,
      metrics: context.metrics,
    });
  }

  restoreSnapshot(entry: SnapshotEntry): void {
    this.#restored.push(JSON.parse(new TextDecoder().decode(entry.value)) as SavedWriter);
  }

  async restoreFinished(): Promise<void> {
    // Another number of writers may have saved: each upload has one instance that looks after it.
    const isMine = (writer: number): boolean => writer % this.#context.totalParallelism === this.#context.globalIndex;
    for (const { writer, groups } of this.#restored) if (isMine(writer)) await this.#publish(groups);
    this.#restored = [];
    await sweep(
      this.#bucket,
      this.#place,
      ({ writer, generation }) => generation < this.#owner.generation && isMine(writer),
    );
  }

  process(_ordinal: number, batch: Batch): boolean {
    if (!isChangeBatch(batch)) {
      throw new MillraceError(NotChangeEvents, {
        message: `sink "${this.#options.job.stage}" takes change events, not ${batch.kind === 'bytes' ? batch.format : batch.kind}`,
        mend: 'Connect it to a source or to stages that keep change events.',
      });
    }
    if (this.#isBusy()) return false;
    const isTaken = this.#writer.write(batch);
    this.#report();
    if (isTaken) this.#context.metrics.add('rowsWritten', batch.length);
    if (this.#context.guarantee === 'none') this.#rollLater();
    return isTaken;
  }

  snapshotPrepare(snapshotId: number): boolean {
    if (this.#isBusy()) return false;
    if (this.#preparedFor === snapshotId) return true;
    this.#start(async () => {
      await this.#prepare(snapshotId);
      if (this.#prepared.length > 0) await checkFence(this.#bucket, this.#place, this.#owner);
    });
    return false;
  }

  saveSnapshot(_snapshotId: number, writer: SnapshotWriter): boolean {
    const saved: SavedWriter = { writer: this.#owner.writer, groups: this.#prepared };
    const value = new TextEncoder().encode(JSON.stringify(saved));
    return writer.offer({ partition: EVERY_INSTANCE, key: `writer-${this.#owner.writer}`, value });
  }

  async snapshotCommit(snapshotId: number): Promise<void> {
    await this.#publish(this.#prepared.filter((group) => group.snapshotId <= snapshotId));
    this.#prepared = this.#prepared.filter((group) => group.snapshotId > snapshotId);
  }

  /** Bounded input ends with a snapshot that shows the rest; without snapshots it is shown here. */
  complete(): boolean {
    if (this.#isBusy()) return false;
    if (this.#isDone || this.#context.guarantee !== 'none') return true;
    this.#start(async () => {
      await this.#showNow();
      this.#isDone = true;
    });
    return false;
  }

  async close(): Promise<void> {
    this.#cancelRoll?.();
    this.#closing.abort(new Error('the sink is closed'));
    await this.#work;
    await this.#compaction?.close();
    this.#writer?.close();
    this.#bucket?.[Symbol.dispose]();
  }

  #isBusy(): boolean {
    return this.#work !== undefined || this.#hasFailed;
  }

  #start(work: () => Promise<void>): void {
    this.#work = work()
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#work = undefined;
        this.#context.wake();
      });
  }

  /** The first failure counts; what is cut off by closing is none. */
  #fail(error: unknown): void {
    if (this.#hasFailed || this.#closing.signal.aborted) return;
    this.#hasFailed = true;
    this.#context.fail(error);
  }

  #report(): void {
    this.#context.metrics.set('heldBytes', this.#writer.memory.total);
  }

  /** Without snapshots objects appear after a while. */
  #rollLater(): void {
    if (this.#cancelRoll !== undefined || this.#writer.isEmpty) return;
    this.#cancelRoll = this.#context.clock.timer(parseDurationMs(this.#options.stage.rollAfter)!, () => {
      this.#cancelRoll = undefined;
      if (this.#isBusy()) this.#rollLater();
      else this.#start(() => this.#showNow());
    });
  }

  async #prepare(snapshotId: number): Promise<void> {
    const objects = await this.#writer.sealAll();
    if (objects.length > 0) {
      const { config, job } = this.#options;
      this.#prepared.push(
        prepareGroup(objects, manifestKey(config.prefix, job, this.#owner, snapshotId), {
          job: { id: job.jobId, name: job.jobName },
          stage: job.stage,
          writer: this.#owner.writer,
          execution: this.#owner.generation,
          snapshot: snapshotId,
        }),
      );
    }
    this.#preparedFor = snapshotId;
  }

  async #showNow(): Promise<void> {
    const snapshotId = this.#preparedFor + 1;
    await this.#prepare(snapshotId);
    await this.#publish(this.#prepared.filter((group) => group.snapshotId === snapshotId));
    this.#prepared = this.#prepared.filter((group) => group.snapshotId !== snapshotId);
  }

  async #publish(groups: readonly PreparedGroup[]): Promise<void> {
    if (groups.length === 0) return;
    await checkFence(this.#bucket, this.#place, this.#owner);
    for (const group of groups) {
      await publish(this.#bucket, group);
      this.#context.metrics.add('objectsPublished', group.uploads.length);
    }
    this.#compaction?.runIfDue();
  }
}
