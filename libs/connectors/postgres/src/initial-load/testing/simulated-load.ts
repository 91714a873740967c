import { type Lsn, lsn, Op, type TableSchema, TupleCursor, UNCHANGED_LENGTH } from '@millrace/formats';
import type { HeldEvent, LoadOutput } from '../contract.ts';
import { type LoadMode, LoadTally } from '../load-tally.ts';
import type { LoadUnit, ReadMark } from '../load-unit.ts';
import { PgSnapshot } from '../pg-snapshot.ts';
import { Reconciler } from '../reconciler.ts';
import { TableKey } from '../table-key.ts';
import { rawTuple } from './raw-tuple.ts';

export const KEYS = 12;
const INT4_OID = 23;
/** Just below a wraparound, so that ids of one run have two epochs. */
const FIRST_XID = 3 * 2 ** 32 - 12;
const LSN_STEP = 10n;

const column = (name: string, field: number, key: boolean) =>
  ({ name, field, kind: 'text', sqlType: 'text', key, nullable: !key }) as const;
const SCHEMA: TableSchema = {
  id: 'public.t',
  schema: 'public',
  table: 't',
  columns: [column('id', 0, true), column('v', 1, false), column('big', 2, false)],
  fieldCount: 3,
  replicaIdentity: 'default',
};

interface Row {
  readonly v: string;
  readonly big: string;
}

type Change =
  | { readonly op: 'c' | 'u'; readonly key: number; readonly row: Row; readonly bigUnchanged: boolean }
  | { readonly op: 'd'; readonly key: number }
  | {
      readonly op: 'move';
      readonly key: number;
      readonly to: number;
      readonly row: Row;
      readonly bigUnchanged: boolean;
    }
  | { readonly op: 't' };

interface Committed {
  readonly xid: number;
  readonly commitLsn: Lsn;
  readonly changes: readonly Change[];
}

/** What happened to a key: operation, `v`, and whether it is a key change whose TOAST value the stream does not have. */
export type Entry = readonly [op: string, v: string, moved?: 'moved' | undefined];

/** Takes what the load emits and says what no sink could live with. */
class SimulatedSink implements LoadOutput {
  rows = new Map<number, Row>();
  histories = new Map<number, Entry[]>();
  violations: string[] = [];
  isExact: boolean;
  room = 0;
  bytes = new Uint8Array(4096);
  readonly rowStart = 0;
  readonly #cursor = new TupleCursor();

  constructor(isExact: boolean) {
    this.isExact = isExact;
  }

  get isFull(): boolean {
    return this.room <= 0;
  }

  reserveRow(): Uint8Array {
    return this.bytes;
  }

  endRow(_schema: TableSchema, end: number): void {
    const { key, v, big } = this.#read(this.bytes.subarray(0, end));
    this.#put('r', key, v, big);
  }

  emit(event: HeldEvent): void {
    this.room--;
    if (event.op === Op.Truncate) {
      for (const key of this.rows.keys()) this.#remove(key, 't');
    } else if (event.op === Op.Delete) {
      this.#delete(this.#read(event.before!).key);
    } else {
      const { key, v, big } = this.#read(event.after!);
      this.#put(event.op === Op.Create ? 'c' : 'u', key, v, big);
    }
  }

  emitKeyChange(deleted: HeldEvent, created: HeldEvent): void {
    this.room--;
    const from = this.#read(deleted.before!).key;
    const old = this.rows.get(from);
    this.#delete(from);
    const { key, v, big } = this.#read(created.after!);
    this.#put('c', key, v, big ?? old?.big);
  }

  #delete(key: number): void {
    if (this.isExact && !this.rows.has(key)) this.violations.push(`d of unknown ${key}`);
    this.#remove(key);
  }

  #remove(key: number, op = 'd'): void {
    this.rows.delete(key);
    this.#note(key, [op, '']);
  }

  #put(op: 'r' | 'c' | 'u', key: number, v: string, big: string | undefined): void {
    const known = this.rows.get(key);
    if (this.isExact && op === 'u' && known === undefined) this.violations.push(`u of unknown ${key}`);
    if (this.isExact && op !== 'u' && known !== undefined) this.violations.push(`${op} over ${key}`);
    const value = big ?? (op === 'u' ? known?.big : undefined);
    if (value === undefined) this.violations.push(`${op} ${key} with a field nobody has`);
    this.rows.set(key, { v, big: value ?? '?' });
    this.#note(key, [op, v]);
  }

  #note(key: number, entry: Entry): void {
    const history = this.histories.get(key) ?? [];
    this.histories.set(key, [...history, entry]);
  }

  #read(tuple: Uint8Array): { key: number; v: string; big: string | undefined } {
    const bytes = Buffer.from(tuple);
    const { starts, lengths } = this.#cursor;
    this.#cursor.read(bytes, 0);
    const text = (field: number): string | undefined =>
      lengths[field] === UNCHANGED_LENGTH
        ? undefined
        : bytes.toString('utf8', starts[field]!, starts[field]! + lengths[field]!);
    return { key: Number(text(0)), v: text(1) ?? '', big: text(2) };
  }
}

interface Saved {
  readonly state: string;
  readonly streamAt: number;
  readonly rows: ReadonlyMap<number, Row>;
  readonly histories: ReadonlyMap<number, Entry[]>;
}

interface Asked {
  readonly units: readonly LoadUnit[];
  readonly mark: ReadMark;
  readonly requested: number;
  readonly rows: readonly (readonly [number, Row])[];
}

interface Reading {
  readonly units: readonly LoadUnit[];
  rows: (readonly [number, Row])[];
  next: number;
  isEmitted: boolean;
}

/**
 * A table under concurrent transactions, its WAL, a stream and a load in front of one `Reconciler`, driven step by step. Commits become
 * visible later than they are streamed, in any order that row locks allow.
 */
export class SimulatedLoad {
  readonly sink: SimulatedSink;
  readonly history = new Map<number, Entry[]>();
  crashes = 0;
  readonly #showsAtOnce: boolean;
  #reconciler!: Reconciler;
  #tally!: LoadTally;
  #nextXid = FIRST_XID;
  #nextVersion = 1;
  #lsn = lsn(1000n);
  readonly #open: number[] = [];
  readonly #wal: Committed[] = [];
  readonly #invisible = new Set<number>();
  /** A reload waits for these to become visible. */
  #writers: readonly number[] = [];
  #isReload = false;
  #truncating: number | undefined;
  /** Versions of each key, oldest first. */
  readonly #versions = new Map<number, { xid: number; row: Row | undefined }[]>();
  #streamAt = 0;
  #changeAt = 0;
  #asked: Asked[] = [];
  #readings: Reading[] = [];
  #saved!: Saved;

  constructor(showsAtOnce: boolean) {
    this.#showsAtOnce = showsAtOnce;
    this.sink = new SimulatedSink(!showsAtOnce);
    for (let key = 0; key < KEYS; key += 2)
      this.#write(0, key, { v: `v0-${key}`, big: `b0-${key}` }, ['c', `v0-${key}`]);
    this.#restore(undefined);
    this.#saved = {
      state: JSON.stringify(this.#reconciler.save()),
      streamAt: 0,
      rows: new Map(),
      histories: new Map(),
    };
  }

  /** Rows that the table has in the end. */
  get table(): ReadonlyMap<number, Row> {
    return this.#visibleRows(() => true);
  }

  beginTransaction(): void {
    if (this.#open.length < 3) this.#open.push(this.#nextXid++);
  }

  /** Commits one of the open transactions with changes that `random` (a stream of small numbers) chooses. */
  commit(random: () => number): void {
    const at = random() % Math.max(1, this.#open.length);
    const xid = this.#open[at];
    if (xid === undefined || this.#truncating !== undefined) return;
    this.#open.splice(at, 1);
    const changes: Change[] = [];
    if (random() % 25 === 0 && this.#invisible.size === 0 && this.#asked.length === 0) {
      changes.push({ op: 't' });
      this.#truncating = xid;
      for (const key of this.#visibleRows(() => true).keys()) this.#write(xid, key, undefined, ['d', '']);
    }
    for (let count = 1 + (random() % 4); count > 0; count--) {
      const change = this.#change(xid, random);
      if (change !== undefined) changes.push(change);
    }
    this.#invisible.add(xid);
    this.#lsn = lsn(this.#lsn + LSN_STEP);
    this.#wal.push({ xid, commitLsn: this.#lsn, changes });
  }

  /** One of the committed transactions becomes visible to new snapshots. */
  show(which: number): void {
    const waiting = [...this.#invisible];
    const xid = waiting[which % Math.max(1, waiting.length)];
    if (xid === undefined) return;
    this.#invisible.delete(xid);
    if (xid === this.#truncating) this.#truncating = undefined;
  }

  /** Gives up to `count` changes of the stream to the reconciler. */
  stream(count: number): void {
    for (let left = count; left > 0 && this.#streamAt < this.#wal.length; left--) {
      const transaction = this.#wal[this.#streamAt]!;
      const change = transaction.changes[this.#changeAt];
      if (change !== undefined) this.#deliver(transaction, change);
      this.#changeAt++;
      if (this.#changeAt < transaction.changes.length) continue;
      this.#changeAt = 0;
      this.#streamAt++;
      this.#reconciler.passed(lsn(transaction.commitLsn + 1n));
    }
  }

  /** Without an open transaction in the stream, a keepalive says how far it is. */
  keepalive(): void {
    if (this.#changeAt > 0) return;
    const next = this.#wal[this.#streamAt];
    this.#reconciler.passed(next === undefined ? lsn(this.#lsn + 1n) : next.commitLsn);
  }

  plan(boundary: number): void {
    const wanted = this.#reconciler.planFrom(3);
    if (wanted === undefined) return;
    const from = wanted.from === undefined ? -1 : Number(wanted.from[0]);
    const next = from + 1 + (boundary % 5);
    this.#reconciler.planned(next >= KEYS ? undefined : [String(next)]);
  }

  /** A connection claims units and asks the server for a snapshot, which locks the table against truncation. */
  askMark(): void {
    // Our lock waits for a truncating transaction.
    if (this.#asked.length + this.#readings.length >= 2 || this.#truncating !== undefined) return;
    if (this.#writers.some((xid) => this.#invisible.has(xid))) return;
    const units = this.#reconciler.claim(false);
    if (units.length === 0) return;
    const snapshot = PgSnapshot.parse(this.#snapshotText());
    const mark = { snapshot, position: lsn(this.#lsn + 1n) };
    const rows = [...this.#visibleRows((xid) => xid === 0 || snapshot.sees(xid % 2 ** 32))];
    this.#asked.push({ units, mark, requested: this.#reconciler.requestMark(), rows });
  }

  /** The answer arrives: one of those on their way, in any order. */
  beginReading(which: number): void {
    const [asked] = this.#asked.splice(which % Math.max(1, this.#asked.length), 1);
    if (asked === undefined) return;
    const { units, mark, requested } = asked;
    if (this.#reconciler.begin(units, mark, requested) !== 'begun') {
      this.#reconciler.unclaim(units);
      return;
    }
    const rows = asked.rows.filter(([key]) => units.some((unit) => covers(unit, key)));
    this.#readings.push({ units, rows, next: 0, isEmitted: false });
  }

  /** Emits rows and kept changes into `room` places. */
  pump(room: number): void {
    const { sink } = this;
    sink.room = room;
    for (const reading of this.#readings) {
      for (; reading.next < reading.rows.length && !sink.isFull; sink.room--) {
        const [key, row] = reading.rows[reading.next++]!;
        const tuple = rawTuple([String(key), row.v, row.big]);
        sink.bytes.set(tuple);
        sink.endRow(SCHEMA, tuple.length);
      }
      if (reading.next < reading.rows.length || reading.isEmitted) continue;
      reading.isEmitted = true;
      this.#reconciler.rowsEmitted(reading.units);
    }
    if (this.#reconciler.release(sink)) this.#readings = this.#readings.filter((reading) => !reading.isEmitted);
  }

  /** A barrier: what is under way is finished, then everything is saved. */
  snapshot(): void {
    while (this.#changeAt > 0) this.stream(1);
    for (const { units } of this.#asked.splice(0)) this.#reconciler.unclaim(units);
    for (let turn = 0; this.#readings.length > 0 && turn < 1000; turn++) this.pump(3);
    this.pump(1000);
    const { rows, histories } = this.sink;
    this.#saved = {
      state: JSON.stringify(this.#reconciler.save()),
      streamAt: this.#streamAt,
      rows: new Map(rows),
      histories: new Map(histories),
    };
  }

  /** The job takes a snapshot and starts again with a request to load the table again, which its sink has rows of. */
  reload(): void {
    this.snapshot();
    this.sink.isExact = false;
    this.#isReload = true;
    this.#writers = [...this.#invisible];
    this.#restore(undefined);
    this.#saved = { ...this.#saved, state: JSON.stringify(this.#reconciler.save()) };
  }

  crash(): void {
    this.crashes++;
    this.#writers = this.#isReload ? [...this.#invisible] : [];
    this.#asked = [];
    this.#readings = [];
    this.#changeAt = 0;
    this.#streamAt = this.#saved.streamAt;
    if (!this.#showsAtOnce) {
      this.sink.rows = new Map(this.#saved.rows);
      this.sink.histories = new Map(this.#saved.histories);
    }
    this.#restore(this.#saved.state);
  }

  /** Lets everything come to its end; returns whether the load is done. */
  finish(): boolean {
    for (let turn = 0; turn < 500 && !this.#reconciler.isDone; turn++) {
      while (this.#invisible.size > 0) this.show(0);
      this.plan(2);
      this.askMark();
      this.beginReading(0);
      this.pump(100);
      this.stream(5);
      this.keepalive();
    }
    this.stream(10_000);
    return (
      this.#reconciler.isDone &&
      this.#tally.heldBytes === 0 &&
      this.#tally.pendingPoints === 0 &&
      this.#tally.reading === 0
    );
  }

  #restore(state: string | undefined): void {
    const converges = this.#isReload || (state !== undefined && this.#showsAtOnce);
    const mode: LoadMode = { converges, replayEnd: lsn(converges ? this.#lsn + 1n : 0n) };
    const key = new TableKey(SCHEMA.id, [{ name: 'id', baseTypeOid: INT4_OID, sqlType: 'integer', byteOrder: true }]);
    this.#tally = new LoadTally();
    this.#reconciler = new Reconciler(key, mode, this.#tally, state === undefined ? undefined : JSON.parse(state));
  }

  #change(xid: number, random: () => number): Change | undefined {
    const key = random() % KEYS;
    if (!this.#mayWrite(xid, key)) return undefined;
    const old = this.#latest(key);
    const v = `v${this.#nextVersion++}`;
    const kind = random() % 6;
    if (old === undefined) {
      const row = { v, big: `b${v}` };
      this.#write(xid, key, row, ['c', v]);
      return { op: 'c', key, row, bigUnchanged: false };
    }
    const bigUnchanged = random() % 2 === 0;
    const row = { v, big: bigUnchanged ? old.big : `b${v}` };
    if (kind < 2) {
      this.#write(xid, key, undefined, ['d', '']);
      return { op: 'd', key };
    }
    const to = random() % KEYS;
    if (kind < 4 && to !== key && this.#mayWrite(xid, to) && this.#latest(to) === undefined) {
      this.#write(xid, key, undefined, ['d', '']);
      this.#write(xid, to, row, ['c', v, bigUnchanged ? 'moved' : undefined]);
      return { op: 'move', key, to, row, bigUnchanged };
    }
    this.#write(xid, key, row, ['u', v]);
    return { op: 'u', key, row, bigUnchanged };
  }

  /** A row's last writer holds its lock until it is visible. */
  #mayWrite(xid: number, key: number): boolean {
    const last = this.#versions.get(key)?.at(-1)?.xid;
    return last === undefined || last === xid || !this.#invisible.has(last);
  }

  #latest(key: number): Row | undefined {
    return this.#versions.get(key)?.at(-1)?.row;
  }

  #write(xid: number, key: number, row: Row | undefined, entry: Entry): void {
    const versions = this.#versions.get(key) ?? [];
    this.#versions.set(key, [...versions, { xid, row }]);
    this.history.set(key, [...(this.history.get(key) ?? []), entry]);
  }

  #visibleRows(sees: (xid: number) => boolean): Map<number, Row> {
    const rows = new Map<number, Row>();
    for (const [key, versions] of this.#versions) {
      const row = versions.findLast(({ xid }) => sees(xid))?.row;
      if (row !== undefined) rows.set(key, row);
    }
    return rows;
  }

  #snapshotText(): string {
    const running = [...this.#open, ...this.#invisible].sort((a, b) => a - b);
    return `${running[0] ?? this.#nextXid}:${this.#nextXid}:${running.join(',')}`;
  }

  #deliver({ xid, commitLsn }: Committed, change: Change): void {
    this.sink.room = 2;
    const transaction = { xid: xid % 2 ** 32, commitLsn, commitTimeUs: 0n, complete: false };
    const base = { schema: SCHEMA, transaction, index: this.#changeAt, before: undefined, after: undefined };
    const oldKey = (key: number): Uint8Array => rawTuple([String(key), null, null]);
    const after = (key: number, row: Row, bigUnchanged: boolean): Uint8Array =>
      rawTuple([String(key), row.v, bigUnchanged ? undefined : row.big]);
    const { sink } = this;
    if (change.op === 't') this.#reconciler.handle({ ...base, op: Op.Truncate }, undefined, sink);
    else if (change.op === 'd')
      this.#reconciler.handle({ ...base, op: Op.Delete, before: oldKey(change.key) }, undefined, sink);
    else if (change.op === 'move') {
      const deleted = { ...base, op: Op.Delete, before: oldKey(change.key) };
      const created = {
        ...base,
        op: Op.Create,
        before: oldKey(change.key),
        after: after(change.to, change.row, change.bigUnchanged),
      };
      this.#reconciler.handle(deleted, created, sink);
    } else {
      const op = change.op === 'c' ? Op.Create : Op.Update;
      this.#reconciler.handle(
        { ...base, op, after: after(change.key, change.row, change.bigUnchanged) },
        undefined,
        sink,
      );
    }
  }
}

function covers(unit: LoadUnit, key: number): boolean {
  if ('key' in unit) return (unit as LoadUnit & { key: { values: readonly unknown[] } }).key.values[0] === key;
  const { from, to } = unit as LoadUnit & {
    from?: { values: readonly unknown[] };
    to?: { values: readonly unknown[] };
  };
  return (from === undefined || key >= Number(from.values[0])) && (to === undefined || key < Number(to.values[0]));
}
