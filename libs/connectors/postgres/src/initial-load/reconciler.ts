import { type Lsn, lsn, Op, TupleCursor } from '@millrace/formats';
import { assert, MillraceError } from '@millrace/kernel';
import { TooManyKeysToReread } from '../setup-errors.ts';
import { hasUnchanged } from '../stream/tuple-edit.ts';
import type { HeldEvent, LoadOutput } from './contract.ts';
import { copyEvent, heldBytes } from './held-change.ts';
import type { LoadMode, LoadTally } from './load-tally.ts';
import {
  type HeldChange,
  isFree,
  type LoadPoint,
  type LoadUnit,
  leastMarkOf,
  markPassed,
  type ReadMark,
  resetUnit,
  todoUnit,
} from './load-unit.ts';
import type { PgSnapshot } from './pg-snapshot.ts';
import { RangeMap } from './range-map.ts';
import { keyId, type TableKey } from './table-key.ts';
import { restorePoints, restoreRanges, saveTable, type TableSave } from './table-save.ts';

/** Keys of one table that wait to be read again, or were and are not passed. About 300 bytes each. */
const POINTS_MAX = 100_000;
/** Keys read in one query. */
const POINTS_PER_READ = 500;
/** Ranges read and not passed: beyond this, reading waits for the stream. */
const READ_RANGES_MAX = 4_096;

/** `show-delete`: emit although the rows to come do not have the key. `repeat`: emit although the rows emitted have it already. */
type Verdict = 'drop' | 'hold' | 'emit' | 'show-delete' | 'repeat';

/**
 * Decides for one table which changes of the stream are emitted beside the rows of the initial load, so that every key has one `r`
 * and then exactly its later changes. No I/O.
 *
 * The rule (`postgres-cdc.md`): a unit's rows hold the transactions its `pg_snapshot` sees. A change for a unit not begun is dropped,
 * for the rows will have it; its transaction is remembered, and the unit begins only with a snapshot that sees all remembered
 * ones, because a commit can be streamed before new snapshots see it. While the unit is read, changes its snapshot does not see are kept
 * until its rows are out; afterwards they are emitted.
 *
 * Key changes are judged as two halves. A create half that has to go out alone although it has unchanged TOAST fields becomes a
 * point: a key of its own to be read, because nobody downstream has those fields.
 */
export class Reconciler {
  readonly key: TableKey;
  readonly #mode: LoadMode;
  readonly #tally: LoadTally;
  readonly #ranges: RangeMap;
  readonly #points = new Map<string, LoadPoint>();
  /** 32-bit ids of transactions that were dropped and that no snapshot has been seen to see. */
  readonly #remembered = new Set<number>();
  /** A truncate that waits for the units being read, and everything after it. */
  #queue: HeldChange[] = [];
  readonly #finishing = new Set<LoadUnit>();
  readonly #cursor = new TupleCursor();
  #readingCount = 0;
  /** Counts requests for marks and the times transactions were forgotten, to tell which came first. */
  #turn = 0;
  #forgotten = 0;
  #passed = lsn(0n);
  /** Least position at which a unit that was read is passed: below it there is nothing to look for. */
  #leastMark: Lsn | undefined = lsn(0n);
  /** The tail is as long as the others: it may be read. */
  #tailIsPlanned: boolean;

  constructor(key: TableKey, mode: LoadMode, tally: LoadTally, saved?: TableSave) {
    this.key = key;
    this.#mode = mode;
    this.#tally = tally;
    this.#ranges = saved === undefined ? new RangeMap() : restoreRanges(key, saved);
    if (saved !== undefined) {
      for (const point of restorePoints(key, saved)) {
        this.#points.set(keyId(point.key), point);
        if (point.state === 'todo') tally.pendingPoints++;
      }
      for (const xid of saved.xids) this.#remember(xid);
    }
    this.#tailIsPlanned = !key.isOrdered;
  }

  /** Nothing is partly emitted, nothing is kept. */
  get isSettled(): boolean {
    return this.#readingCount === 0 && this.#queue.length === 0;
  }

  /**
   * Everything is read and nothing needs judging any more. Replayed changes are not over either: only in a loading table does a sink
   * apply them although it had later ones.
   */
  get isDone(): boolean {
    if (this.#mode.converges && this.#passed < this.#mode.replayEnd) return false;
    return this.isSettled && this.#points.size === 0 && this.#ranges.single?.state === 'passed';
  }

  /** Where the next boundary is to be looked for, while fewer than `aheadMax` ranges are ready: the lower end of the tail. */
  planFrom(aheadMax: number): { readonly from: readonly string[] | undefined } | undefined {
    if (this.#tailIsPlanned || !isFree(this.#ranges.tail)) return undefined;
    let ready = 0;
    for (const range of this.#ranges.all) if (isFree(range)) ready++;
    return ready - 1 >= aheadMax ? undefined : { from: this.#ranges.tail.from?.texts };
  }

  /** The answer to `planFrom`: the key the tail is cut at, or `undefined` when it is short enough. */
  planned(boundary: readonly string[] | undefined): void {
    if (this.#tailIsPlanned || !isFree(this.#ranges.tail)) return;
    if (boundary === undefined) this.#tailIsPlanned = true;
    else this.#ranges.splitTail(this.key.ofTexts(boundary));
  }

  /** Claims what to read next: one range, or several points. `pointsOnly` when the stream waits for them. */
  claim(pointsOnly: boolean): readonly LoadUnit[] {
    if (this.#isBetweenReads) return [];
    const points: LoadUnit[] = [];
    for (const point of this.#points.values()) {
      if (isFree(point) && points.push(point) === POINTS_PER_READ) break;
    }
    if (points.length === 0 && !pointsOnly) points.push(...this.#nextRange());
    for (const unit of points) unit.isClaimed = true;
    return points;
  }

  /** Changes are being released: what they become depends on no unit being begun meanwhile. */
  get #isBetweenReads(): boolean {
    return this.#queue.length > 0 || this.#finishing.size > 0;
  }

  #nextRange(): readonly LoadUnit[] {
    const { all, tail } = this.#ranges;
    let unpassed = 0;
    for (const range of all) if (range.state === 'read') unpassed++;
    if (unpassed >= READ_RANGES_MAX) return [];
    const next = all.find((range) => isFree(range) && (range !== tail || this.#tailIsPlanned));
    return next === undefined ? [] : [next];
  }

  unclaim(units: readonly LoadUnit[]): void {
    for (const unit of units) unit.isClaimed = false;
  }

  /**
   * Claimed units begin with this mark: from now on what it does not see is kept. Otherwise nothing changes: `gone` when the units need
   * not be read any more, `too-early` when the mark does not see every remembered transaction (try a later snapshot).
   * @param requested what `requestMark` gave before the mark was asked for
   */
  begin(units: readonly LoadUnit[], mark: ReadMark, requested: number): 'begun' | 'too-early' | 'gone' {
    if (this.#isBetweenReads || !units.every((unit) => unit.isClaimed)) {
      this.unclaim(units);
      return 'gone';
    }
    if (requested < this.#forgotten) return 'too-early';
    this.prune(mark.snapshot);
    if (this.#remembered.size > 0) return 'too-early';
    for (const unit of units) {
      assert(unit.state === 'todo', 'a unit is read once at a time');
      unit.isClaimed = false;
      unit.state = 'reading';
      unit.mark = mark;
      if ('key' in unit) this.#tally.pendingPoints--;
    }
    this.#readingCount += units.length;
    this.#tally.reading += units.length;
    return 'begun';
  }

  /** All rows of the units have been emitted: `release` goes on with what was kept. */
  rowsEmitted(units: readonly LoadUnit[]): void {
    for (const unit of units) this.#finishing.add(unit);
  }

  /** The table is gone: what was not read will never be. The mark sees every transaction that changed it. */
  dropped(mark: ReadMark): void {
    this.#tailIsPlanned = true;
    this.#leastMark = lsn(0n);
    for (const unit of this.#units()) {
      if (unit.state !== 'todo') continue;
      unit.state = 'read';
      unit.mark = mark;
      unit.isClaimed = false;
      if ('key' in unit) this.#tally.pendingPoints--;
    }
    this.#tally.remembered -= this.#remembered.size;
    this.#remembered.clear();
  }

  /** Call before a mark is asked for: one that is under way while transactions are forgotten may be too old to see them. */
  requestMark(): number {
    return ++this.#turn;
  }

  /** Snapshots taken from now on see whatever this one sees: that need not be remembered. */
  prune(snapshot: PgSnapshot): void {
    const before = this.#remembered.size;
    for (const xid of this.#remembered) if (snapshot.sees(xid)) this.#remembered.delete(xid);
    if (this.#remembered.size < before) this.#forgotten = ++this.#turn;
    this.#tally.remembered -= before - this.#remembered.size;
  }

  /** Judges one change of the stream. Emits one event, or one key change, at most. */
  handle(event: HeldEvent, created: HeldEvent | undefined, out: LoadOutput): void {
    if (this.#queue.length > 0) this.#enqueue(event, created);
    else this.#process(event, created, out);
  }

  /** Emits kept changes whose time has come; `false` when the output is full first. */
  release(out: LoadOutput): boolean {
    for (const unit of this.#finishing) {
      if (!this.#releaseUnit(unit, out)) return false;
      this.#finishing.delete(unit);
      this.#readingCount--;
      this.#tally.reading--;
      const { position } = unit.mark!;
      if (this.#leastMark === undefined || position < this.#leastMark) this.#leastMark = position;
    }
    // The stream may be there already.
    this.passed(this.#passed);
    if (this.#queue.length === 0 || this.#readingCount > 0) return true;
    const queue = this.#queue;
    this.#queue = [];
    const rest = this.#replay(queue, out);
    this.#tally.queued -= queue.length - rest.length;
    this.#queue = rest;
    if (rest.length > 0) return false;
    this.passed(this.#passed);
    return true;
  }

  #releaseUnit(unit: LoadUnit, out: LoadOutput): boolean {
    unit.state = 'read';
    unit.held = this.#replay(unit.held, out);
    if (unit.held.length === 0) return true;
    // What comes now for this unit has to wait behind the rest.
    unit.state = 'reading';
    return false;
  }

  /** Judges kept changes anew, in their order, and returns those the output had no room for. */
  #replay(held: HeldChange[], out: LoadOutput): HeldChange[] {
    let at = 0;
    for (; at < held.length && !out.isFull; at++) {
      const { event, created } = held[at]!;
      this.#tally.heldBytes -= heldBytes(event, created);
      this.#process(event, created, out);
    }
    return held.slice(at);
  }

  /** Every transaction that commits below `position` has been handled. */
  passed(position: Lsn): void {
    this.#passed = position;
    // Changes still in the queue are judged by the marks.
    if (this.#queue.length > 0 || this.#leastMark === undefined || position < this.#leastMark) return;
    let any = false;
    for (const range of this.#ranges.all) any = markPassed(range, position) || any;
    if (any) this.#ranges.mergePassed();
    for (const [id, point] of this.#points) if (markPassed(point, position)) this.#points.delete(id);
    this.#leastMark = leastMarkOf(this.#units());
  }

  save(): TableSave {
    assert(this.isSettled, 'a table is saved while nothing of it is under way');
    return saveTable(this.#ranges.all, this.#points.values(), this.#remembered);
  }

  *#units(): Iterable<LoadUnit> {
    yield* this.#ranges.all;
    yield* this.#points.values();
  }

  #process(event: HeldEvent, created: HeldEvent | undefined, out: LoadOutput): void {
    if (event.op === Op.Truncate) {
      if (this.#readingCount > 0) this.#enqueue(event, undefined);
      else this.#truncate(event, out);
    } else if (created === undefined) {
      const unit = this.#unitOf(event);
      this.#settle(event, unit, this.#judge(event, unit), out);
    } else {
      this.#keyChange(event, created, out);
    }
  }

  #keyChange(deleted: HeldEvent, created: HeldEvent, out: LoadOutput): void {
    const from = this.#unitOf(deleted);
    const to = this.#unitOf(created);
    const ofDelete = this.#judge(deleted, from);
    const ofCreate = this.#judge(created, to);
    if (from === to && ofDelete === 'hold' && ofCreate === 'hold') {
      this.#hold(from.held, deleted, created);
    } else if (
      ofDelete === 'emit' &&
      ofCreate === 'emit' &&
      !(this.#isReplayed(created) && this.#lacksFields(created))
    ) {
      out.emitKeyChange(deleted, created);
    } else {
      this.#settle(deleted, from, ofDelete, out);
      this.#settle({ ...created, before: undefined }, to, ofCreate, out);
    }
  }

  #judge(event: HeldEvent, unit: LoadUnit): Verdict {
    // A row of the reading before may have to go. Then what came after it must be repeated, too: the history goes back and forward again.
    const repeats = this.#mode.converges && this.key.columns.length > 0;
    switch (unit.state) {
      case 'todo':
        return repeats && event.op === Op.Delete ? 'show-delete' : 'drop';
      case 'reading':
        return repeats || !unit.mark!.snapshot.sees(event.transaction.xid) ? 'hold' : 'drop';
      case 'read':
        if (!unit.mark!.snapshot.sees(event.transaction.xid)) return 'emit';
        return repeats ? 'repeat' : 'drop';
      case 'passed':
        return 'emit';
    }
  }

  #settle(event: HeldEvent, unit: LoadUnit, verdict: Verdict, out: LoadOutput): void {
    switch (verdict) {
      case 'drop':
        if (unit.state === 'todo') this.#remember(event.transaction.xid);
        return;
      case 'hold':
        this.#hold(unit.held, event, undefined);
        return;
      case 'show-delete':
        this.#remember(event.transaction.xid);
        out.emit(event);
        return;
      case 'repeat':
        // The sink has later rows already: which of them could tell the unchanged fields is not known.
        if (this.#lacksFields(event)) this.#readAgain(event);
        else out.emit(event);
        return;
      case 'emit':
        // Alone, a create half cannot say its unchanged fields; in a replay the sink may not have an update's row any more.
        if ((event.op === Op.Create || this.#isReplayed(event)) && this.#lacksFields(event)) this.#readAgain(event);
        else out.emit(event);
    }
  }

  /** The event's key is read again, with a snapshot that sees this change. */
  #readAgain(event: HeldEvent): void {
    this.#remember(event.transaction.xid);
    const key = this.#keyOf(event);
    const id = keyId(key);
    const point = this.#points.get(id);
    if (point?.state === 'todo') return;
    assert(point?.state !== 'reading', 'a change of a key being read is kept');
    if (this.#points.size >= POINTS_MAX) throw tooManyPoints(event);
    this.#points.set(id, { ...todoUnit(), key });
    this.#tally.pendingPoints++;
  }

  /**
   * Rows of units that do not see the truncate are gone with it. Units that see it were read after it, so their rows, which a
   * truncate at the sink takes along, are read again.
   */
  #truncate(event: HeldEvent, out: LoadOutput): void {
    const { xid } = event.transaction;
    let removesRows = this.#mode.converges;
    let hasTodo = false;
    for (const unit of this.#units()) {
      hasTodo ||= unit.state === 'todo';
      removesRows ||= unit.state === 'passed' || (unit.state === 'read' && !unit.mark!.snapshot.sees(xid));
    }
    if (removesRows) {
      for (const point of this.#points.values()) {
        point.isClaimed = false;
        if (point.state === 'todo') this.#tally.pendingPoints--;
      }
      this.#points.clear();
      for (const range of this.#ranges.all) {
        if (range.state !== 'read' || !range.mark!.snapshot.sees(xid)) continue;
        resetUnit(range);
        hasTodo = true;
      }
      this.#tailIsPlanned = !this.key.isOrdered;
      out.emit(event);
    }
    if (hasTodo) this.#remember(xid);
  }

  #unitOf(event: HeldEvent): LoadUnit {
    const { single } = this.#ranges;
    if (this.#points.size === 0) return single ?? this.#ranges.find(this.#keyOf(event));
    const key = this.#keyOf(event);
    return this.#points.get(keyId(key)) ?? single ?? this.#ranges.find(key);
  }

  #keyOf(event: HeldEvent) {
    const tuple = event.op === Op.Delete ? event.before : event.after;
    assert(tuple !== undefined, 'a row change has a tuple');
    return this.key.ofTuple(event.schema, tuple, event.before);
  }

  #isReplayed(event: HeldEvent): boolean {
    return this.#mode.converges && this.key.columns.length > 0 && event.transaction.commitLsn < this.#mode.replayEnd;
  }

  #lacksFields(event: HeldEvent): boolean {
    if (event.after === undefined) return false;
    this.#cursor.read(event.after, 0);
    return hasUnchanged(this.#cursor);
  }

  #remember(xid: number): void {
    const before = this.#remembered.size;
    this.#remembered.add(xid);
    this.#tally.remembered += this.#remembered.size - before;
  }

  #enqueue(event: HeldEvent, created: HeldEvent | undefined): void {
    this.#hold(this.#queue, event, created);
    this.#tally.queued++;
  }

  #hold(list: HeldChange[], event: HeldEvent, created: HeldEvent | undefined): void {
    list.push({ event: copyEvent(event), created: created === undefined ? undefined : copyEvent(created) });
    this.#tally.heldBytes += heldBytes(event, created);
  }
}

const tooManyPoints = (event: HeldEvent): MillraceError =>
  new MillraceError(TooManyKeysToReread, {
    message: `more than ${POINTS_MAX} rows of ${event.schema.id} changed in a way that they have to be read once more during the initial load`,
    mend: 'Cancel the job and submit it again when the table has fewer key changes.',
    details: { table: event.schema.id },
  });
