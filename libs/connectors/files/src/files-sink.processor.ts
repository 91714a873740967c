import { LeftOut, type Refusals, type Resolved } from '@millrace/connector-contract';
import {
  type Batch,
  EVERY_INSTANCE,
  type Processor,
  type ProcessorContext,
  type SnapshotEntry,
  type SnapshotWriter,
} from '@millrace/engine';
import { type ChangeBatch, isChangeBatch, Op, type TableSchema } from '@millrace/formats';
import { type ContentFormat, contentFormat } from '@millrace/formats/content';
import { assert, parseSizeBytes } from '@millrace/kernel';
import type { FilesConfig, FilesStage } from './config.ts';
import { ensureFolder, publish, syncFolder } from './durable.ts';
import { CONTENT_CODES } from './errors.ts';
import { checkFence, raiseFence, sweep } from './fence.ts';
import {
  finalName,
  HIDDEN_FOLDER,
  type PreparedFile,
  renderPath,
  type TemporaryOwner,
  temporaryName,
} from './names.ts';
import type { OpenFile } from './open-file.ts';
import { OpenFiles } from './open-files.ts';
import type { Storage } from './storage/storage.ts';
import { storageOf } from './storage/storage-of.ts';

type FilesSinkOptions = Resolved<FilesConfig, FilesStage> & { readonly refusals?: Refusals | undefined };

/** What the saved state of one writer says. */
interface SavedWriter {
  readonly writer: number;
  readonly files: readonly PreparedFile[];
}

type Sealed = Omit<PreparedFile, 'snapshotId' | 'final'> & { readonly folder: string; readonly sequence: number };

/**
 * Writes change events to files that appear by rename when the snapshot that covers them is committed.
 *
 * Life of a file: temporary (open) → sealed (synced, closed) → prepared (named in the state of snapshot n) → visible (n is committed). A crash
 * leaves files of the first two kinds to be swept; prepared ones are shown by whoever restores n.
 */
export class FilesSinkProcessor implements Processor {
  /** Row groups of Parquet are encoded in one go. */
  readonly isCooperative: boolean;
  readonly #options: FilesSinkOptions;
  readonly #leftOut: LeftOut;
  readonly #storage: Storage;
  readonly #rollBytes: number;
  readonly #folders = new WeakMap<TableSchema, string>();
  readonly #ensured = new Set<string>();
  #sealed: Sealed[] = [];
  #prepared: PreparedFile[] = [];
  #restored: SavedWriter[] = [];
  /** First event of the current batch that is not written yet. */
  #next = 0;
  #format!: ContentFormat;
  #open!: OpenFiles;
  #context!: ProcessorContext;
  #owner!: TemporaryOwner;
  #work: Promise<void> | undefined;
  #failed = false;
  #preparedFor = 0;
  #isDone = false;

  constructor(options: FilesSinkOptions) {
    this.#options = options;
    this.#leftOut = new LeftOut({
      refusals: options.refusals,
      refusal: (batch, index) => this.#format.refusal?.(batch, index),
      isPassedBy: (batch, index) => this.#isPassedBy(batch, index),
    });
    this.isCooperative = options.stage.format !== 'parquet';
    this.#storage = storageOf(options.config);
    this.#rollBytes = parseSizeBytes(options.stage.rollBytes)!;
  }

  async init(context: ProcessorContext): Promise<void> {
    this.#context = context;
    this.#owner = { writer: context.globalIndex, generation: context.generation };
    const { stage, job } = this.#options;
    this.#format = await contentFormat({ stage, codes: CONTENT_CODES, jobName: job.jobName });
    this.#open = new OpenFiles({
      storage: this.#storage,
      stage,
      format: this.#format,
      temporaryOf: (sequence) => temporaryName(job, this.#owner, sequence),
      memoryMax: parseSizeBytes(stage.memory)!,
      onFailure: (error) => {
        this.#failed = true;
        context.fail(error);
      },
    });
    await ensureFolder(this.#storage, HIDDEN_FOLDER, this.#ensured);
    await raiseFence(this.#storage, job, this.#owner);
  }

  restoreSnapshot(entry: SnapshotEntry): void {
    this.#restored.push(JSON.parse(new TextDecoder().decode(entry.value)) as SavedWriter);
  }

  async restoreFinished(): Promise<void> {
    // Another number of writers may have saved: each file has one instance that looks after it.
    const isMine = (writer: number): boolean => writer % this.#context.totalParallelism === this.#context.globalIndex;
    await this.#publish(this.#restored.filter(({ writer }) => isMine(writer)).flatMap(({ files }) => files));
    await sweep(this.#storage, this.#options.job, this.#owner.generation, isMine);
    this.#restored = [];
  }

  process(_ordinal: number, batch: Batch): boolean {
    assert(isChangeBatch(batch), 'the files sink takes change batches');
    if (this.#isBusy()) return false;
    this.#leftOut.look(batch);
    while (this.#next < batch.length) {
      if (this.#isSkipped(batch, this.#next)) {
        this.#next += 1;
        continue;
      }
      const file = this.#fileOf(batch, this.#next);
      if (file === undefined) return false;
      const end = this.#endOfRun(batch, this.#next);
      const reached = file.append(batch, this.#next, end);
      this.#context.metrics.add('rowsWritten', reached - this.#next);
      this.#next = reached;
      const large = this.#open.tooLarge();
      if (large !== undefined) this.#start(() => this.#sealAndShow(large));
      else if (file.storedBytes >= this.#storage.writeBytes) this.#start(() => this.#writeOrRoll(file));
      if (this.#isBusy() && this.#next < batch.length) return false;
    }
    this.#next = 0;
    this.#leftOut.finish();
    return true;
  }

  snapshotPrepare(snapshotId: number): boolean {
    if (this.#isBusy()) return false;
    if (this.#preparedFor === snapshotId) return true;
    this.#start(async () => {
      await this.#sealAll();
      this.#prepared.push(...this.#sealed.map((file) => this.#prepare(file, snapshotId)));
      this.#sealed = [];
      // What can fail should fail before the snapshot is committed.
      for (const folder of new Set(this.#prepared.map(({ final }) => final.slice(0, final.lastIndexOf('/')))))
        await ensureFolder(this.#storage, folder, this.#ensured);
      await syncFolder(this.#storage, HIDDEN_FOLDER);
      await checkFence(this.#storage, this.#options.job, this.#owner);
      this.#preparedFor = snapshotId;
    });
    return false;
  }

  saveSnapshot(_snapshotId: number, writer: SnapshotWriter): boolean {
    const saved: SavedWriter = { writer: this.#owner.writer, files: this.#prepared };
    const value = new TextEncoder().encode(JSON.stringify(saved));
    return writer.offer({ partition: EVERY_INSTANCE, key: `writer-${this.#owner.writer}`, value });
  }

  async snapshotCommit(snapshotId: number): Promise<void> {
    const due = this.#prepared.filter((file) => file.snapshotId <= snapshotId);
    await this.#publish(due);
    this.#prepared = this.#prepared.filter((file) => file.snapshotId > snapshotId);
  }

  /** Bounded input ends with a snapshot that shows the rest; without snapshots it is shown here. */
  complete(): boolean {
    if (this.#isBusy()) return false;
    if (this.#isDone || this.#context.guarantee !== 'none') return true;
    this.#start(async () => {
      await this.#sealAll();
      await this.#showSealed();
      this.#isDone = true;
    });
    return false;
  }

  async close(): Promise<void> {
    await this.#work;
    for (const file of this.#open?.all() ?? []) await file.close();
    await this.#storage.close();
  }

  #isBusy(): boolean {
    return this.#work !== undefined || this.#failed;
  }

  #start(work: () => Promise<void>): void {
    this.#work = work().then(
      () => {
        this.#work = undefined;
        this.#context.wake();
      },
      (error: unknown) => {
        this.#failed = true;
        this.#work = undefined;
        this.#context.fail(error);
      },
    );
  }

  /** The file for this event; `undefined` while room for one more is being made. */
  #fileOf(batch: ChangeBatch, index: number): OpenFile | undefined {
    const schema = batch.schemas[batch.schemaOf[index]!]!;
    const folder = this.#folderOf(schema);
    const inTheWay = this.#open.inTheWay(folder, schema);
    if (inTheWay === undefined) return this.#open.of(folder, schema);
    this.#start(() => this.#sealAndShow(inTheWay));
    return undefined;
  }

  #isSkipped(batch: ChangeBatch, index: number): boolean {
    return this.#leftOut.has(index) || this.#isPassedBy(batch, index);
  }

  #isPassedBy(batch: ChangeBatch, index: number): boolean {
    const op = batch.op[index];
    return this.#options.stage.deletes === 'skip' && (op === Op.Delete || op === Op.Truncate);
  }

  #folderOf(schema: TableSchema): string {
    let folder = this.#folders.get(schema);
    if (folder === undefined) {
      folder = renderPath(this.#options.stage.path, schema, this.#options.job);
      this.#folders.set(schema, folder);
    }
    return folder;
  }

  /** Index after the run of events, from `start` on, that are of one table. */
  #endOfRun(batch: ChangeBatch, start: number): number {
    const { schemaOf, length } = batch;
    let end = start + 1;
    while (end < length && schemaOf[end] === schemaOf[start] && !this.#isSkipped(batch, end)) end++;
    return end;
  }

  async #writeOrRoll(file: OpenFile): Promise<void> {
    await file.flush();
    if (file.byteCount >= this.#rollBytes) await this.#sealAndShow(file);
  }

  async #sealAndShow(file: OpenFile): Promise<void> {
    await this.#seal(file);
    if (this.#context.guarantee === 'none') await this.#showSealed();
  }

  async #seal(file: OpenFile): Promise<void> {
    await file.seal();
    this.#open.remove(file);
    if (file.byteCount > 0)
      this.#sealed.push({ temporary: file.temporary, folder: file.folder, sequence: file.sequence });
  }

  async #sealAll(): Promise<void> {
    // Side by side: the syncs of many tables share the disk's queue.
    await Promise.all(this.#open.all().map((file) => this.#seal(file)));
  }

  async #showSealed(): Promise<void> {
    const last = this.#preparedFor + 1;
    await this.#publish(this.#sealed.map((file) => this.#prepare(file, last)));
    this.#sealed = [];
  }

  #prepare({ temporary, folder, sequence }: Sealed, snapshotId: number): PreparedFile {
    const final = finalName(folder, this.#options.job, this.#owner, snapshotId, sequence, this.#format.extension);
    return { temporary, final, snapshotId };
  }

  async #publish(files: readonly PreparedFile[]): Promise<void> {
    if (files.length === 0) return;
    await checkFence(this.#storage, this.#options.job, this.#owner);
    await publish(this.#storage, files, this.#ensured);
    this.#context.metrics.add('filesPublished', files.length);
  }
}
