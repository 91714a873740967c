import type { ColumnValues, ProcessorContext } from '@millrace/engine';
import { MillraceError } from '@millrace/kernel';
import { accumulate, clearSlot, combine, growColumns, makeColumns } from '../state/accumulate.ts';
import {
  type AccumulatorLayout,
  type Accumulators,
  accumulatorAt,
  emptyValue,
  isNumeric,
} from '../state/accumulator-layout.ts';
import { KeySlots } from '../state/key-slots.ts';
import type { RowLists } from '../state/row-lists.ts';
import { SlotFreezer } from '../state/slot-freezer.ts';
import { StateTooLarge } from './errors.ts';
import { FrameStore } from './frame-store.ts';
import { isRaw, type PartialBatch, type PartialSchemas, type SpreadRows, spreadRowsOf } from './partial-batch.ts';

/** What one snapshot sees of the frames: their columns at the barrier and the copies of slots changed since. */
export interface FrozenFrames {
  readonly freezer: SlotFreezer;
  readonly frames: readonly {
    readonly frame: number;
    columns: readonly Accumulators[];
    readonly copies: unknown[][];
  }[];
}

/**
 * The keyed accumulators of a sliding window: frames that still belong to an open window, and the running totals of the window that ends
 * with the frame closed last (`totals`, only where accumulators can be deducted).
 */
export class WindowState {
  slots = new KeySlots();
  readonly frames: FrameStore;
  totals: Accumulators[] | undefined;
  /** Frames up to this one are part of `totals` or have left it. */
  lastClosed = Number.NEGATIVE_INFINITY;
  readonly layout: AccumulatorLayout;
  #frozen: FrozenFrames | undefined;
  #rowSlots = new Int32Array(1_024);

  constructor(layout: AccumulatorLayout, keepsTotals: boolean) {
    this.layout = layout;
    this.frames = new FrameStore(layout);
    if (keepsTotals) this.totals = makeColumns(layout, this.slots.capacity);
  }

  get byteLength(): number {
    const totals = this.totals?.length ?? 0;
    return this.slots.byteLength + this.frames.byteLength + totals * this.slots.capacity * 8;
  }

  get isFrozen(): boolean {
    return this.#frozen !== undefined;
  }

  /** Adds partials from frame `firstOpen` on; the number of those that came too late is the answer. */
  add(batch: PartialBatch, input: number, schemas: PartialSchemas, firstOpen: number): number {
    const count = batch.length;
    if (this.#rowSlots.length < count) this.#rowSlots = new Int32Array(count * 2);
    const slots = this.#rowSlots;
    const [keys, frames, ...values] = batch.columns;
    this.slots.intern(keys, count, slots);
    const form = isRaw(batch);
    const spread = spreadRowsOf(batch.schema);
    let late = 0;
    for (let from = 0; from < count; ) {
      const frame = frames[from]!;
      let to = from + 1;
      while (to < count && frames[to] === frame) to++;
      if (frame < firstOpen) late += to - from;
      else
        this.#addTo(
          this.frames.open(frame, this.slots.capacity),
          frame,
          form,
          values,
          from,
          to,
          input,
          schemas,
          spread,
        );
      from = to;
    }
    return late;
  }

  #addTo(
    columns: readonly Accumulators[],
    frame: number,
    isRawForm: boolean,
    values: readonly ColumnValues[],
    from: number,
    to: number,
    input: number,
    schemas: PartialSchemas,
    spread: SpreadRows | undefined,
  ): void {
    const slots = this.#rowSlots;
    this.touch(slots, from, to);
    const add = (target: readonly Accumulators[]): void => {
      for (const index of schemas.combined) {
        const spec = this.layout.columns[index]!;
        if (isRawForm && spread !== undefined && schemas.isRowList(index)) {
          (target[index] as RowLists).pushColumns(slots, spread.schema, values.slice(spread.first - 2), from, to);
        } else if (isRawForm) {
          const column = values[rawPlace(schemas, index, spread)] as Float64Array | undefined;
          accumulate(this.layout, spec, target[index]!, slots, column, from, to, input);
        } else {
          const column = values[schemas.combined.indexOf(index)] as Float64Array;
          combine(this.layout, spec, target[index]!, slots, column, from, to);
        }
      }
    };
    add(columns);
    // A row within the allowed lag whose frame has been closed already: it belongs to windows still to come.
    if (frame <= this.lastClosed && this.totals !== undefined) add(this.roomyTotals()!);
  }

  /** These slots are about to change: a snapshot that is being written copies them first. */
  touch(slots: Int32Array, from: number, to: number): void {
    this.#frozen?.freezer.touch(slots, from, to);
  }

  /** Tells the metrics how large it is. @throws MillraceError `operators.state_too_large` */
  checkSize({ stateBytesMax, metrics, vertex }: ProcessorContext): void {
    const bytes = this.byteLength;
    metrics.set('stateBytes', bytes);
    metrics.set('keys', this.slots.usedCount);
    if (stateBytesMax === undefined || bytes <= stateBytesMax) return;
    throw new MillraceError(StateTooLarge, {
      message: `the state of ${vertex} has ${bytes} bytes for ${this.slots.usedCount} keys, more than the ${stateBytesMax} it may have`,
      mend: 'Make windows shorter or keys fewer, run on more threads or members, or raise the limit on state.',
      details: { vertex, bytes, limit: stateBytesMax },
    });
  }

  /** The totals with room for every slot. */
  roomyTotals(): Accumulators[] | undefined {
    if (this.totals !== undefined && this.totals[0]!.length < this.slots.capacity) {
      this.totals = growColumns(this.layout, this.totals, this.slots.capacity);
    }
    return this.totals;
  }

  /** Adds slots `from` to `to` of a frame to the running totals. */
  addToTotals(frame: number, from: number, to: number): void {
    const { totals } = this;
    const columns = this.frames.get(frame);
    if (columns === undefined || totals === undefined) return;
    const { aggregate } = this.layout;
    const end = Math.min(to, columns[0]!.length);
    this.layout.columns.forEach(({ op }, index) => {
      const target = totals[index] as Float64Array | unknown[];
      const source = columns[index] as Float64Array | unknown[];
      if (op !== 'object') {
        addAll(target as Float64Array, source as Float64Array, from, end);
        return;
      }
      for (let slot = from; slot < end; slot++) {
        if (source[slot] !== undefined)
          target[slot] = aggregate.combine!(target[slot] ?? aggregate.create(), source[slot]);
      }
    });
  }

  /** Takes slots `from` to `to` of the frame that leaves the window out of the running totals. */
  takeFromTotals(leaving: readonly Accumulators[], from: number, to: number): void {
    const { totals } = this;
    if (totals === undefined) return;
    const { aggregate } = this.layout;
    const end = Math.min(to, leaving[0]!.length);
    this.layout.columns.forEach(({ op }, index) => {
      const target = totals[index] as Float64Array | unknown[];
      const source = leaving[index] as Float64Array | unknown[];
      if (op !== 'object') {
        takeAll(target as Float64Array, source as Float64Array, from, end);
        return;
      }
      for (let slot = from; slot < end; slot++) {
        if (source[slot] !== undefined) target[slot] = aggregate.deduct!(target[slot], source[slot]);
      }
    });
    if (this.layout.columns.length === 1) return;
    // Sums of fractions leave a little behind; an empty window has none.
    const rows = totals[0] as Float64Array;
    for (let slot = from; slot < end; slot++) if (rows[slot] === 0) clearSlot(this.layout, totals, slot);
  }

  /** After a restore: the running totals are the sum of the frames that have been closed and have not left. */
  restoreTotals(): void {
    if (this.totals === undefined) return;
    this.totals = makeColumns(this.layout, this.slots.capacity);
    for (const frame of this.frames.numbers) {
      if (frame <= this.lastClosed) this.addToTotals(frame, 0, this.slots.size);
    }
  }

  /** Forgets keys that have rows in no frame. */
  forgetStaleKeys(): void {
    const { size } = this.slots;
    const hasRows = new Uint8Array(size);
    // Frame by frame, so that memory is read from front to back.
    for (const frame of this.frames.numbers) {
      const rows = this.frames.get(frame)![0] as Float64Array;
      const end = Math.min(size, rows.length);
      for (let slot = 0; slot < end; slot++) if (rows[slot]! > 0) hasRows[slot] = 1;
    }
    this.slots.removeWhere((slot) => hasRows[slot] === 0);
  }

  /** From here on changes copy what they change, until `thaw`. */
  freeze(): FrozenFrames {
    const { frames } = this;
    const frozen = frames.numbers.map((frame) => ({
      frame,
      // The arrays as they are now: a frame that leaves takes its arrays along, one that grows gets others with the same values.
      columns: frames.get(frame)!,
      copies: this.layout.columns.map((): unknown[] => []),
    }));
    const freezer = new SlotFreezer(this.slots.size, this.slots.partitions, (slot) => {
      for (const { columns, copies } of frozen) {
        for (const [index, copy] of copies.entries()) copy.push(this.#frozenValue(index, columns[index]!, slot));
      }
    });
    this.#frozen = { freezer, frames: frozen };
    return this.#frozen;
  }

  thaw(): void {
    this.#frozen = undefined;
  }

  #frozenValue(index: number, column: Accumulators, slot: number): unknown {
    const { op } = this.layout.columns[index]!;
    if (slot >= column.length) return isNumeric(op) ? emptyValue(op) : undefined;
    const value = accumulatorAt(column, slot);
    return isNumeric(op) || value === undefined ? value : structuredClone(value);
  }
}

/** Place of a column among the raw values: those of rows in columns are behind all others. */
const rawPlace = (schemas: PartialSchemas, index: number, spread: SpreadRows | undefined): number =>
  (spread === undefined ? schemas.raw : schemas.raw.filter((each) => !schemas.isRowList(each))).indexOf(index);

function addAll(totals: Float64Array, values: Float64Array, from: number, to: number): void {
  for (let slot = from; slot < to; slot++) totals[slot] = totals[slot]! + values[slot]!;
}

function takeAll(totals: Float64Array, values: Float64Array, from: number, to: number): void {
  for (let slot = from; slot < to; slot++) totals[slot] = totals[slot]! - values[slot]!;
}
