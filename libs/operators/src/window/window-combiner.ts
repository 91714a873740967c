import type { ColumnBatch, RowBatch } from '@millrace/engine';
import { clearSlot, combine, makeColumns } from '../state/accumulate.ts';
import { type Accumulators, accumulatorAt, emptyValue, isNumeric } from '../state/accumulator-layout.ts';
import type { FrameTime } from './frame-time.ts';
import type { ResultBatches } from './result-batch.ts';
import type { WindowState } from './window-state.ts';

/** Puts windows together from their frames, for results that are not kept as a running total. */
export class WindowCombiner {
  readonly #state: WindowState;
  readonly #time: FrameTime;
  readonly #results: ResultBatches;
  readonly #scratch: Accumulators[];

  /** @param slotsMax most slots of one call. */
  constructor(state: WindowState, time: FrameTime, results: ResultBatches, slotsMax: number) {
    this.#state = state;
    this.#time = time;
    this.#results = results;
    this.#scratch = makeColumns(state.layout, slotsMax);
  }

  /** Results of slots `from` to `to` for the window that ends with this frame; `undefined` when none of them has rows. */
  combine(frame: number, from: number, to: number, isEarly: boolean): ColumnBatch | RowBatch | undefined {
    const frames = this.#framesOf(frame);
    const used = slotsWithRows(frames, from, to);
    if (used.length === 0) return undefined;
    const { layout, slots } = this.#state;
    const positions = Int32Array.from(used, (_, at) => at);
    for (const columns of frames) {
      layout.columns.forEach((spec, index) => {
        const values = gather(columns[index]!, used, isNumeric(spec.op) ? emptyValue(spec.op) : undefined);
        combineKnown(this.#state, spec, this.#scratch[index]!, positions, values);
      });
    }
    const end = this.#time.endMs(frame);
    const batch = this.#results.make(
      end - this.#time.sizeMs,
      end,
      slots,
      used,
      used.length,
      this.#scratch,
      isEarly,
      positions,
    );
    for (const position of positions) clearSlot(layout, this.#scratch, position);
    return batch;
  }

  #framesOf(frame: number): (readonly Accumulators[])[] {
    const found: (readonly Accumulators[])[] = [];
    for (let each = frame - this.#time.framesPerWindow + 1; each <= frame; each++) {
      const columns = this.#state.frames.get(each);
      if (columns !== undefined) found.push(columns);
    }
    return found;
  }
}

function slotsWithRows(frames: readonly (readonly Accumulators[])[], from: number, to: number): Int32Array {
  const used = new Int32Array(to - from);
  let count = 0;
  for (let slot = from; slot < to; slot++) {
    for (const columns of frames) {
      if (!((columns[0] as Float64Array)[slot]! > 0)) continue;
      used[count++] = slot;
      break;
    }
  }
  return used.subarray(0, count);
}

function gather(column: Accumulators, slots: Int32Array, empty: number | undefined): Float64Array | unknown[] {
  if (!(column instanceof Float64Array)) return Array.from(slots, (slot) => accumulatorAt(column, slot));
  const values = new Float64Array(slots.length);
  for (let at = 0; at < slots.length; at++) values[at] = column[slots[at]!] ?? empty!;
  return values;
}

/** `combine` that passes over objects that are not there. */
function combineKnown(
  { layout }: WindowState,
  spec: WindowState['layout']['columns'][number],
  target: Accumulators,
  positions: Int32Array,
  values: Float64Array | unknown[],
): void {
  if (spec.op !== 'object') {
    combine(layout, spec, target, positions, values, 0, positions.length);
    return;
  }
  const known = positions.filter((position) => values[position] !== undefined);
  combine(
    layout,
    spec,
    target,
    known,
    Array.from(known, (position) => values[position]),
    0,
    known.length,
  );
}
