import type { Refusals } from '@millrace/connector-contract';
import {
  type Batch,
  EVERY_INSTANCE,
  type Processor,
  type ProcessorContext,
  type SnapshotEntry,
  type SnapshotWriter,
  type Watermark,
} from '@millrace/engine';
import {
  batchOfRecords,
  type ChangeBatch,
  type EventRecord,
  FLAG_KEY_CHANGE,
  isChangeBatch,
  recordOf,
  type TableSchema,
} from '@millrace/formats';
import { assert, errorCode, MillraceError } from '@millrace/kernel';
import { pickEvents } from '../events/pick-events.ts';
import { eventKey, letterKey, rowKeyOf } from './event-key.ts';
import { pairOf } from './key-change-pair.ts';
import { LetterBox, type SavedBox } from './letter-box.ts';
import { LetterOutlet } from './letter-outlet.ts';
import type { Letter, LetterRequest, OpenLetterStore } from './letter-store.ts';
import { ParkedKeys, type SavedParked } from './parked-keys.ts';
import type { RecordPolicy } from './record-policy.ts';

const OWN_KEY = 'refusals';
const INNER = 'inner/';
const OUTLET = 'letters/';

interface Saved {
  readonly box: SavedBox | undefined;
  readonly parked: SavedParked;
}

/** What a sink keeps of an event that it may have to set aside later. */
interface Noted {
  readonly record: Omit<EventRecord, 'schema'>;
  /** It came back as this one. */
  readonly letter: Pick<LetterRequest, 'number' | 'attempts' | 'rowKey'> | undefined;
}

/** Makes the processor that refuses records. */
export type RefusingSupplier = (refusals: Refusals) => Processor;

interface GateOptions {
  readonly policy: RecordPolicy;
  /** Absent where refused records are skipped. */
  readonly box: LetterBox | undefined;
  /** Gets a copy of each letter. */
  readonly outlet: LetterOutlet | undefined;
  readonly inner: RefusingSupplier;
  /**
   * Events of parked keys never reach the stage. Otherwise it sets them aside itself: a sink that shows rows at once has to remember which
   * ones, for after a crash.
   */
  readonly isFiltering: boolean;
  /** It is a source: letters that come back are given to its `process`, which nothing else calls. */
  readonly isSource?: boolean | undefined;
}

const NoLetterStore = errorCode('pipeline.no_letter_store', {
  domain: 'user',
  retry: 'never',
  title: 'Dead letters need the metadata database',
});

/** The processor of one instance of a stage with a policy. @throws MillraceError `pipeline.no_letter_store` */
export function refusalGate({
  policy,
  letters,
  copies,
  ...options
}: Omit<GateOptions, 'box' | 'outlet'> & {
  readonly policy: { readonly stage: string };
  readonly letters: OpenLetterStore | undefined;
  /** The sink that gets a copy of each letter. */
  readonly copies?: Processor | undefined;
}): Processor {
  if (policy.action === 'skip') return new RefusalGate({ ...options, policy, box: undefined, outlet: undefined });
  if (letters === undefined) {
    throw new MillraceError(NoLetterStore, {
      message: `stage ${policy.stage} sets records aside, and this process has no place for them`,
      mend: 'Submit the job to a cluster, or give the stage onError: skip where it runs alone.',
    });
  }
  const box = new LetterBox({ open: letters, stage: policy.stage, openMax: policy.openMax });
  const outlet = copies && new LetterOutlet(policy.stage, copies);
  return new RefusalGate({ ...options, policy, box, outlet });
}

/**
 * Stands in front of a stage that goes on without the records it cannot take. What the stage refuses becomes letters, which people see when
 * the snapshot that covers them is committed; letters that come back are given to the stage like any other record, between two source
 * transactions. To the engine gate and stage are one processor.
 */
class RefusalGate implements Processor, Refusals {
  readonly isCooperative: boolean;
  readonly retries: number;
  readonly backoffMs: number;
  readonly #options: GateOptions;
  readonly #inner: Processor;
  readonly #parked = new ParkedKeys();
  /** Letters of which events in a batch that came back were made. */
  readonly #letters = new WeakMap<ChangeBatch, readonly LetterRequest[]>();
  #context!: ProcessorContext;
  /** What is left of the batch under way, and whether the stage has taken it. */
  #current: { readonly given: Batch; readonly rest: Batch; isTaken: boolean } | undefined;
  #returning: ChangeBatch | undefined;
  /** A source transaction goes on in the next batch: nothing may come between. */
  #isTransactionOpen = false;
  #isInnerPrepared = false;
  #isOwnSaved = false;
  #isInnerSaved = false;
  /** The input has ended: the next snapshot is the last one. */
  #isComplete = false;

  constructor(options: GateOptions) {
    this.#options = options;
    const { retries, backoffMs } = options.policy;
    this.retries = retries;
    this.backoffMs = backoffMs;
    this.#inner = options.inner(this);
    this.isCooperative = this.#inner.isCooperative ?? true;
    // The engine asks whether they are there.
    if (options.isSource === true)
      Object.assign(this, { process: undefined, processWatermark: undefined, woken: undefined });
  }

  async init(context: ProcessorContext): Promise<void> {
    this.#context = context;
    assert(
      context.totalParallelism === 1,
      'a stage that sets records aside has one instance, so that they have an order',
    );
    await this.#options.box?.init(context);
    await this.#options.outlet?.init(context);
    await this.#inner.init?.(context);
  }

  process?(ordinal: number, batch: Batch): boolean {
    this.#options.outlet?.drain();
    // In the middle of a batch the stage has to see that one again before anything else.
    if (this.#current === undefined && (!this.#isRoom() || !this.#returnLetters())) return false;
    this.#current ??= { given: batch, rest: this.#withoutParked(batch), isTaken: false };
    assert(this.#current.given === batch, 'a batch that was not taken is given again');
    this.#current.isTaken ||= this.#inner.process!(ordinal, this.#current.rest);
    if (!this.#current.isTaken) return false;
    if (isChangeBatch(batch)) this.#isTransactionOpen = batch.transactions.some(({ complete }) => !complete);
    if (!this.#returnLetters()) return false;
    this.#current = undefined;
    return true;
  }

  processWatermark?(watermark: Watermark): boolean {
    return this.#inner.processWatermark?.(watermark) ?? this.#context.outbox.offer(watermark);
  }

  woken?(): boolean {
    this.#options.outlet?.drain();
    if (!(this.#inner.woken?.() ?? true)) return false;
    if (this.#current !== undefined) return true;
    return this.#returnLetters();
  }

  complete(): boolean {
    // Nothing else comes from a source.
    if (this.#options.isSource === true) this.#options.outlet?.drain();
    if (this.#options.isSource === true && (!this.#isRoom() || !this.#returnLetters())) return false;
    if (!this.#finishReturning() || !(this.#inner.complete?.() ?? true)) return false;
    if (!(this.#options.outlet?.complete() ?? true)) return false;
    this.#isComplete = this.#context.guarantee !== 'none' || (this.#options.box?.show() ?? true);
    return this.#isComplete;
  }

  snapshotReady(snapshotId: number): boolean {
    return this.#inner.snapshotReady?.(snapshotId) ?? true;
  }

  snapshotPrepare(snapshotId: number): boolean {
    if (!this.#finishReturning()) return false;
    this.#isInnerPrepared ||= this.#inner.snapshotPrepare?.(snapshotId) ?? true;
    if (!this.#isInnerPrepared || !(this.#options.outlet?.prepare(snapshotId) ?? true)) return false;
    if (!(this.#options.box?.prepare(snapshotId) ?? true)) return false;
    this.#isInnerPrepared = false;
    this.#context.metrics.set('parkedKeys', this.#parked.size);
    return true;
  }

  saveSnapshot(snapshotId: number, writer: SnapshotWriter): boolean {
    if (!this.#isOwnSaved) {
      const saved: Saved = { box: this.#options.box?.save(snapshotId), parked: this.#parked.save() };
      const value = new Uint8Array(Buffer.from(JSON.stringify(saved)));
      if (!writer.offer({ partition: EVERY_INSTANCE, key: OWN_KEY, value })) return false;
      this.#isOwnSaved = true;
    }
    const under = (prefix: string): SnapshotWriter => ({
      offer: (entry) => writer.offer({ ...entry, key: prefix + entry.key }),
    });
    this.#isInnerSaved ||= this.#inner.saveSnapshot?.(snapshotId, under(INNER)) ?? true;
    if (!this.#isInnerSaved || !(this.#options.outlet?.save(snapshotId, under(OUTLET)) ?? true)) return false;
    this.#isOwnSaved = false;
    this.#isInnerSaved = false;
    return true;
  }

  restoreSnapshot(entry: SnapshotEntry): void {
    if (entry.key.startsWith(INNER)) {
      this.#inner.restoreSnapshot?.({ ...entry, key: entry.key.slice(INNER.length) });
      return;
    }
    if (entry.key.startsWith(OUTLET)) {
      this.#options.outlet?.restore({ ...entry, key: entry.key.slice(OUTLET.length) });
      return;
    }
    const saved = JSON.parse(Buffer.from(entry.value).toString()) as Saved;
    if (saved.box !== undefined) this.#options.box?.restore(saved.box);
    this.#parked.restore(saved.parked);
  }

  async restoreFinished(): Promise<void> {
    await this.#options.box?.restoreFinished();
    await this.#options.outlet?.restoreFinished();
    await this.#inner.restoreFinished?.();
  }

  /** Letters first: what the stage then shows is without them. */
  async snapshotCommit(snapshotId: number): Promise<void> {
    await this.#options.box?.commit(snapshotId);
    await this.#options.outlet?.commit(snapshotId);
    await this.#inner.snapshotCommit?.(snapshotId);
    if (this.#isComplete) await this.#options.box?.showLast();
  }

  async close(): Promise<void> {
    try {
      await this.#inner.close?.();
    } finally {
      await this.#options.outlet?.close();
      await this.#options.box?.close();
    }
  }

  get holdsAny(): boolean {
    return this.#parked.size > 0;
  }

  holds(batch: ChangeBatch, index: number): boolean {
    const letters = this.#letters.get(batch);
    return pairOf(batch, index).some((each) => {
      const key = eventKey(batch, each);
      const letter = letters?.[each];
      return letter === undefined ? this.#parked.has(key) : this.#parked.isBehindRefused(key, letter.number);
    });
  }

  refuse(batch: ChangeBatch, index: number, reason: MillraceError): readonly number[] {
    const pair = pairOf(batch, index);
    if (this.#options.box === undefined) {
      this.#context.metrics.add('skippedRows', pair.length);
      return pair;
    }
    for (const each of pair) this.#setAside(batch, each, reason, each !== index);
    return pair;
  }

  park(batch: ChangeBatch, index: number): readonly number[] {
    const pair = pairOf(batch, index);
    for (const each of pair) this.#setAside(batch, each, undefined, true);
    return pair;
  }

  note(batch: ChangeBatch, index: number): string {
    const { schema: _, ...record } = recordOf(batch, index);
    const request = this.#letters.get(batch)?.[index];
    const letter = request && { number: request.number, attempts: request.attempts, rowKey: request.rowKey };
    const noted: Noted = { record, letter };
    return JSON.stringify(noted);
  }

  recall(schema: TableSchema, note: string): ChangeBatch {
    const { record, letter } = JSON.parse(note) as Noted;
    const whole: EventRecord = { ...record, schema };
    const batch = batchOfRecords([whole], whole.receivedMs);
    if (letter !== undefined) {
      this.#letters.set(batch, [{ ...letter, kind: 'replay', record: whole, leavesOthers: false }]);
    }
    return batch;
  }

  #setAside(batch: ChangeBatch, index: number, reason: MillraceError | undefined, isParked: boolean): void {
    const record = recordOf(batch, index);
    const key = this.#options.policy.parkKeys ? eventKey(batch, index) : undefined;
    const before = this.#letters.get(batch)?.[index];
    const number = before?.number ?? this.#options.box!.nextNumber();
    const attempts = (before?.attempts ?? 0) + (isParked ? 0 : 1);
    this.#put({ number, record, attempts, isParked }, reason);
    if (key === undefined) return;
    const isAgain = before !== undefined && !isParked;
    const waiting = isAgain ? this.#parked.refuseAgain(key, number) : this.#parked.park(key, number);
    for (const each of waiting) this.#parkRecord(key, each);
  }

  /** A record that was never given to the stage. */
  #parkRecord(key: string, record: EventRecord): void {
    const number = this.#options.box!.nextNumber();
    this.#put({ number, record, attempts: 0, isParked: true }, undefined);
    this.#parked.park(key, number);
  }

  #put(letter: Pick<Letter, 'number' | 'record' | 'attempts' | 'isParked'>, reason: MillraceError | undefined): void {
    const whole: Letter = {
      ...letter,
      reason: reason?.code.code ?? 'dead_letter.parked',
      message: reason?.message ?? 'an earlier record of its key is set aside',
      mend: reason === undefined ? 'Replay or discard the earlier one: it and this one go on in order.' : reason.mend,
      rowKey: rowKeyOf(letter.record),
    };
    this.#options.box!.put(whole);
    this.#options.outlet?.put(whole);
  }

  #isRoom(): boolean {
    return !(this.#options.box?.isFull ?? false) && !(this.#options.outlet?.isFull ?? false);
  }

  /** The batch without events whose keys have others set aside. */
  #withoutParked(batch: Batch): Batch {
    if (!this.#options.isFiltering || !this.holdsAny || !isChangeBatch(batch)) return batch;
    const rest: number[] = [];
    for (let index = 0; index < batch.length; index++) {
      const pair = pairOf(batch, index);
      if (!this.holds(batch, index)) {
        rest.push(index);
        continue;
      }
      if (pair[0] !== index) continue;
      const key = eventKey(batch, index);
      const mayWait = pair.length === 1 && key !== undefined;
      if (!mayWait || !this.#parked.wait(key, () => recordOf(batch, index))) this.park(batch, index);
    }
    return pickEvents(batch, rest);
  }

  #finishReturning(): boolean {
    if (this.#returning === undefined) return true;
    if (!this.#inner.process!(0, this.#returning)) return false;
    this.#returning = undefined;
    return true;
  }

  /** Gives letters that come back to the stage. `false`: it has begun one and has no room. */
  #returnLetters(): boolean {
    if (!this.#finishReturning()) return false;
    const { box } = this.#options;
    if (box === undefined || this.#isTransactionOpen) return true;
    for (let request = box.takeRequest(); request !== undefined; request = box.takeRequest()) {
      const requests = [request];
      // The halves of a key change stay together.
      if ((request.record.flags & FLAG_KEY_CHANGE) !== 0 && request.record.op === 'd') {
        const second = box.takeRequest();
        if (second !== undefined) requests.push(second);
      }
      if (!this.#return(requests)) return false;
    }
    return true;
  }

  #return(requests: readonly LetterRequest[]): boolean {
    const passed: LetterRequest[] = [];
    const freed: EventRecord[] = [];
    for (const request of requests) {
      const { record, number, leavesOthers, attempts } = request;
      const key = this.#options.policy.parkKeys ? letterKey(request) : undefined;
      if (request.kind === 'discard') {
        if (key !== undefined) this.#parked.discard(key, number);
      } else if (key !== undefined && this.#parked.comeBack(key, number, leavesOthers) === 'set-aside') {
        this.#put({ number, record, attempts, isParked: true }, undefined);
      } else {
        passed.push(request);
      }
      if (key !== undefined) freed.push(...this.#parked.free(key));
    }
    const records = [...passed.map(({ record }) => record), ...freed];
    if (records.length === 0) return true;
    this.#returning = batchOfRecords(records, this.#context.clock.nowMs());
    this.#letters.set(this.#returning, passed);
    return this.#finishReturning();
  }
}
