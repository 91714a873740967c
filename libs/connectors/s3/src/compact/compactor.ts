import type { JobIdentity } from '@millrace/connector-contract';
import { type Clock, type IdSource, parseDurationMs, parseSizeBytes } from '@millrace/kernel';
import type { Bucket } from '../bucket/bucket.ts';
import type { S3Stage } from '../config.ts';
import { compactedName, manifestPrefix } from '../naming/keys.ts';
import type { Manifest } from '../sink/prepared.ts';
import { chooseRuns, type LiveObject } from './choose.ts';
import { type Compaction, CompactionLog, type Intent } from './compaction-log.ts';
import { merge, NotMergeable } from './merge.ts';
import { StreamedUpload } from './streamed-upload.ts';

/** Objects that one compaction writes. */
const OUTPUTS_MAX = 64;
const REMOVALS_AT_ONCE = 8;

export interface CompactorOptions {
  readonly bucket: Bucket;
  /** The connection's. */
  readonly prefix: string;
  readonly job: JobIdentity;
  readonly stage: S3Stage & { readonly compaction: NonNullable<S3Stage['compaction']> };
  readonly clock: Clock;
  readonly ids: IdSource;
}

/**
 * Makes few large objects of many small ones, for readers that go by manifests. The one visible step is the write of the next number in the log; before it
 * the new objects are named nowhere, after it the old ones are, until they are removed when `keep` has passed.
 */
export class Compactor {
  readonly #options: CompactorOptions;
  readonly #log: CompactionLog;
  /** Manifests that were read. */
  readonly #read = new Set<string>();
  /** Objects that others stand for. */
  readonly #replaced = new Set<string>();
  /** Objects that are small enough, by key. */
  readonly #small = new Map<string, LiveObject>();
  /** Place of each small object among the others. */
  readonly #order = new Map<string, string>();
  #isChecked = false;

  constructor(options: CompactorOptions) {
    this.#options = options;
    this.#log = new CompactionLog(options.bucket, options.prefix, options.job);
  }

  /**
   * One compaction, and what is due of earlier ones.
   * @returns objects that became fewer
   * @throws MillraceError `s3.*`; the next call goes on
   */
  async run(): Promise<number> {
    const { ids, stage, clock } = this.#options;
    if (!this.#isChecked) await this.#log.checkServer(ids.next());
    this.#isChecked = true;
    await this.#refresh();
    await this.#removeReplaced();
    await this.#removeAbandoned();
    const small = [...this.#small.values()].sort((a, b) =>
      this.#order.get(a.key)! < this.#order.get(b.key)! ? -1 : 1,
    );
    const runs = chooseRuns(small, parseSizeBytes(stage.rollBytes)!).slice(0, OUTPUTS_MAX);
    if (runs.length === 0) return 0;
    const [number, token] = [this.#log.last + 1, ids.next()];
    const keys = runs.map(([first], index) => this.#keyOf(first!, token, index));
    await this.#log.putIntent({ number, token, atMs: clock.nowMs(), keys });
    let compaction: Compaction | undefined;
    try {
      compaction = await this.#write(runs, keys, number, token);
    } finally {
      // Nothing names them, and nothing will.
      if (compaction === undefined) await this.#discard({ number, token, keys });
    }
    if (compaction === undefined) return 0;
    const isMade = await this.#log.append(compaction);
    if (!isMade) await this.#discard({ number, token, keys });
    if (isMade) await this.#log.dropIntent({ number, token });
    await this.#refresh();
    return isMade ? compaction.replaces.length - compaction.objects.length : 0;
  }

  #keyOf({ key }: LiveObject, token: string, index: number): string {
    const slash = key.lastIndexOf('/') + 1;
    const extension = key.slice(slash).replace(/^[^.]*/, '');
    return key.slice(0, slash) + compactedName(this.#options.job, token, index + 1, extension);
  }

  /** Reads what is new in the bucket. */
  async #refresh(): Promise<void> {
    const { bucket, prefix, job } = this.#options;
    // What stands for an object that is not known yet is known first.
    for (const compaction of await this.#log.refresh()) this.#apply(compaction);
    for await (const key of bucket.listKeys(manifestPrefix(prefix, job))) {
      if (this.#read.has(key)) continue;
      const text = await bucket.get(key);
      // Some servers list an object just before it can be read.
      if (text === undefined) continue;
      this.#read.add(key);
      const { objects, tables } = JSON.parse(new TextDecoder().decode(text)) as Manifest;
      const name = key.slice(key.lastIndexOf('/') + 1);
      objects.forEach((object, index) => {
        this.#add({ ...object, table: tables[object.table]! }, `${name} ${String(index).padStart(8, '0')}`);
      });
    }
  }

  #apply({ replaces, objects, tables, places }: Compaction): void {
    for (const key of replaces) this.#replaced.add(key);
    for (const key of replaces) this.#small.delete(key);
    for (const [index, object] of objects.entries())
      this.#add({ ...object, table: tables[object.table]! }, places[index]!);
  }

  #add(object: LiveObject, order: string): void {
    if (this.#replaced.has(object.key) || object.bytes >= parseSizeBytes(this.#options.stage.compaction.below)!) return;
    this.#small.set(object.key, object);
    this.#order.set(object.key, order);
  }

  /** @returns what to append; `undefined` when nothing could be merged */
  async #write(
    runs: readonly (readonly LiveObject[])[],
    keys: readonly string[],
    number: number,
    token: string,
  ): Promise<Compaction | undefined> {
    const replaces: string[] = [];
    const tables = [...new Map(runs.map(([first]) => [JSON.stringify(first!.table), first!.table])).values()];
    const objects: Compaction['objects'][number][] = [];
    const places: string[] = [];
    for (const [index, inputs] of runs.entries()) {
      const bytes = await this.#merge(inputs, keys[index]!);
      if (bytes === undefined) continue;
      const shape = JSON.stringify(inputs[0]!.table);
      objects.push({
        key: keys[index]!,
        table: tables.findIndex((table) => JSON.stringify(table) === shape),
        rows: inputs.reduce((sum, { rows }) => sum + rows, 0),
        bytes,
        first: inputs.find(({ first }) => first !== null)?.first ?? null,
        last: inputs.findLast(({ last }) => last !== null)?.last ?? null,
      });
      replaces.push(...inputs.map(({ key }) => key));
      places.push(this.#order.get(inputs[0]!.key)!);
    }
    if (objects.length === 0) return undefined;
    return { format: 1, number, token, atMs: this.#options.clock.nowMs(), replaces, tables, objects, places };
  }

  /** @returns bytes of the new object; `undefined` when one of the inputs is in the way, which is then left out for good */
  async #merge(inputs: readonly LiveObject[], key: string): Promise<number | undefined> {
    const { bucket, stage } = this.#options;
    const upload = await StreamedUpload.begin(bucket, key, parseSizeBytes(stage.partBytes)!);
    try {
      await merge({ bucket, inputs, key, stage, write: (bytes) => upload.write(bytes) });
      await upload.finish();
      return upload.byteCount;
    } catch (error) {
      await upload.abort();
      if (!(error instanceof NotMergeable)) throw error;
      this.#small.delete(error.key);
      return undefined;
    }
  }

  /** Removes what has been replaced for long enough. */
  async #removeReplaced(): Promise<void> {
    for (const { number, replaces, atMs } of this.#log.compactions) {
      if (this.#log.removed.has(number) || !this.#isOver(atMs)) continue;
      await this.#remove(replaces);
      await this.#log.markRemoved(number);
    }
  }

  /** Removes what compactors have left that died, or came too late. */
  async #removeAbandoned(): Promise<void> {
    for await (const intent of this.#log.intents()) {
      if (!this.#isOver(intent.atMs) || intent.number > this.#log.last + 1) continue;
      // One that only sleeps must not write this number any more: its objects are about to go.
      if (intent.number > this.#log.last && !(await this.#take(intent.number))) continue;
      const made = this.#log.compactions[intent.number - 1]!;
      if (made.token === intent.token) await this.#log.dropIntent(intent);
      else await this.#discard(intent);
    }
  }

  /** Makes a number that changes nothing. */
  async #take(number: number): Promise<boolean> {
    const { ids, clock } = this.#options;
    const nothing = { replaces: [], tables: [], objects: [], places: [] };
    await this.#log.append({ format: 1, number, token: ids.next(), atMs: clock.nowMs(), ...nothing });
    await this.#refresh();
    return this.#log.last >= number;
  }

  async #discard(intent: Pick<Intent, 'number' | 'token' | 'keys'>): Promise<void> {
    const { bucket } = this.#options;
    for (const key of intent.keys) for await (const upload of bucket.listUploads(key)) await bucket.abortUpload(upload);
    await this.#remove(intent.keys);
    await this.#log.dropIntent(intent);
  }

  #isOver(atMs: number): boolean {
    return atMs + parseDurationMs(this.#options.stage.compaction.keep)! <= this.#options.clock.nowMs();
  }

  async #remove(keys: readonly string[]): Promise<void> {
    for (let at = 0; at < keys.length; at += REMOVALS_AT_ONCE)
      await Promise.all(keys.slice(at, at + REMOVALS_AT_ONCE).map((key) => this.#options.bucket.remove(key)));
  }
}
