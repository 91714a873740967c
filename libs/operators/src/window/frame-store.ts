import { growColumns, makePackedColumns } from '../state/accumulate.ts';
import { type AccumulatorLayout, type Accumulators, emptyValue, isNumeric } from '../state/accumulator-layout.ts';
import { RowLists } from '../state/row-lists.ts';

/** Arrays kept for the next frame. */
const SPARE_MAX = 2;

/** The accumulators of the frames that have rows, by frame number. */
export class FrameStore {
  readonly #layout: AccumulatorLayout;
  readonly #frames = new Map<number, Accumulators[]>();
  readonly #spare: Accumulators[][] = [];

  constructor(layout: AccumulatorLayout) {
    this.#layout = layout;
  }

  get isEmpty(): boolean {
    return this.#frames.size === 0;
  }

  /** In ascending order. */
  get numbers(): number[] {
    return [...this.#frames.keys()].sort((a, b) => a - b);
  }

  get byteLength(): number {
    let bytes = 0;
    for (const columns of this.#frames.values()) {
      for (const column of columns) bytes += 'byteLength' in column ? column.byteLength : column.length * 64;
    }
    return bytes;
  }

  get(frame: number): Accumulators[] | undefined {
    return this.#frames.get(frame);
  }

  /** The frame's columns, with room for `capacity` slots; empty ones if there were none. */
  open(frame: number, capacity: number): Accumulators[] {
    let columns = this.#frames.get(frame);
    if (columns === undefined) columns = this.#spare.pop() ?? makePackedColumns(this.#layout, capacity);
    else if (columns[0]!.length >= capacity) return columns;
    if (columns[0]!.length < capacity) columns = growColumns(this.#layout, columns, capacity);
    this.#frames.set(frame, columns);
    return columns;
  }

  /** Takes a frame out, whose columns somebody else keeps. */
  detach(frame: number): Accumulators[] | undefined {
    const columns = this.#frames.get(frame);
    this.#frames.delete(frame);
    return columns;
  }

  /** Takes a frame out and keeps its arrays; the first `size` slots are emptied. */
  recycle(frame: number, size: number): void {
    const columns = this.#frames.get(frame);
    if (columns !== undefined) this.clear(columns, 0, size);
    this.recycleCleared(frame);
  }

  /** The same for a frame that has been emptied. */
  recycleCleared(frame: number): void {
    const columns = this.detach(frame);
    if (columns !== undefined && this.#spare.length < SPARE_MAX) this.#spare.push(columns);
  }

  /** Empties slots `from` to `to` of a frame's columns. */
  clear(columns: readonly Accumulators[], from: number, to: number): void {
    for (const [index, column] of columns.entries()) {
      const { op } = this.#layout.columns[index]!;
      if (column instanceof RowLists) column.clear(from, to);
      else column.fill((isNumeric(op) ? emptyValue(op) : undefined) as never, from, to);
    }
  }
}
