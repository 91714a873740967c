import {
  type Batch,
  type ColumnField,
  type ColumnSchema,
  type Outbox,
  type Processor,
  type ProcessorContext,
  type ProcessorSupplier,
  type SnapshotEntry,
  type SnapshotWriter,
} from '@millrace/engine';
import { assert } from '@millrace/kernel';
import type { KeyOf } from '../contract/key.ts';
import type { LoopMode } from '../contract/row-stage.ts';
import type { LoopStage } from '../loop/loop-stage.ts';
import { Loops } from '../loop/loops.ts';
import { accumulate } from '../state/accumulate.ts';
import type { AccumulatorLayout, Accumulators } from '../state/accumulator-layout.ts';
import { KeyedTerminal } from '../state/keyed-terminal.ts';
import { FramesWriter } from '../window/frames-writer.ts';
import { readSaved, restoreKeys } from '../window/saved-frames.ts';
import { WindowState } from '../window/window-state.ts';

export interface RollingAggregateOptions {
  /** Stateless stages ahead of it, in the same loop. */
  readonly stages?: readonly LoopStage[] | undefined;
  /** Absent: one result for the whole stream. */
  readonly keyOf?: KeyOf | undefined;
  readonly layout: AccumulatorLayout;
  readonly mode?: LoopMode | undefined;
}

/** The one frame that the state has. */
const FRAME = 0;

/**
 * For each row the result of its key so far, the row included: `{ key, result }`, or `{ result }` without a key. A row keeps its
 * event time. The state is saved by partition while rows go on.
 */
export function rollingAggregate(options: RollingAggregateOptions): ProcessorSupplier {
  return () => new RollingAggregate(options);
}

class RollingAggregate implements Processor {
  readonly readsAtOnce = true;
  readonly #layout: AccumulatorLayout;
  readonly #terminal: KeyedTerminal;
  readonly #loops: Loops;
  readonly #state: WindowState;
  readonly #isKeyed: boolean;
  readonly #schemas = new Map<string, ColumnSchema>();
  #rowSlots = new Int32Array(0);
  #context!: ProcessorContext;
  #outbox!: Outbox;
  #pending: Batch | undefined;
  #index = 0;
  #writer: FramesWriter | undefined;

  constructor({ stages = [], keyOf, layout, mode = 'generated' }: RollingAggregateOptions) {
    this.#layout = layout;
    this.#isKeyed = keyOf !== undefined;
    this.#terminal = new KeyedTerminal({ keyOf, columns: layout.columns, input: 0, keepsRows: false });
    this.#loops = new Loops(stages, this.#terminal, mode);
    this.#state = new WindowState(layout, false);
  }

  init(context: ProcessorContext): void {
    this.#context = context;
    this.#outbox = context.outbox;
  }

  process(_ordinal: number, batch: Batch): boolean {
    assert(batch.kind !== 'bytes', 'a rolling aggregation reads rows: bytes are decoded by a transform first');
    for (;;) {
      if (this.#pending !== undefined && !this.#outbox.offer(this.#pending)) return false;
      this.#pending = undefined;
      if (this.#index >= batch.length) break;
      this.#terminal.clear();
      this.#index = this.#loops.run(batch, this.#index);
      if (this.#terminal.count > 0) this.#pending = this.#roll();
    }
    this.#index = 0;
    this.#state.checkSize(this.#context);
    return true;
  }

  saveSnapshot(): boolean {
    this.#writer = new FramesWriter(this.#state);
    return true;
  }

  writeSnapshot(_snapshotId: number, writer: SnapshotWriter): boolean {
    if (!this.#writer!.write(writer)) return false;
    this.#writer = undefined;
    return true;
  }

  restoreSnapshot(entry: SnapshotEntry): void {
    const read = readSaved(entry);
    assert(read.kind === 'keys', 'a rolling aggregation saves keys only');
    restoreKeys(this.#state, read.saved);
  }

  #roll(): Batch {
    const { keys, count, times } = this.#terminal;
    if (this.#rowSlots.length < count) this.#rowSlots = new Int32Array(this.#terminal.capacity);
    const slots = this.#rowSlots;
    this.#state.slots.intern(keys, count, slots);
    const columns = this.#state.frames.open(FRAME, this.#state.slots.capacity);
    this.#state.touch(slots, 0, count);
    const results = this.#rollColumns(columns, slots, count);
    const ownKeys = keys.slice(0, count);
    const values = this.#isKeyed ? [ownKeys, results] : [results];
    const hasTimes = !Number.isNaN(times[0]!);
    return {
      kind: 'columns',
      length: count,
      byteLength: count * 16,
      schema: this.#schemaOf(ownKeys instanceof Int32Array, results instanceof Float64Array),
      columns: values,
      times: hasTimes ? times.slice(0, count) : undefined,
    };
  }

  /** Accumulates row by row, because the result after each is wanted. */
  #rollColumns(columns: readonly Accumulators[], slots: Int32Array, count: number): Float64Array | unknown[] {
    const { numberColumn, columns: specs } = this.#layout;
    if (numberColumn === 0) return countOn(columns[0] as Float64Array, slots, count);
    const { values } = this.#terminal;
    const results: unknown[] = new Array(count);
    for (let index = 0; index < count; index++) {
      for (let at = 0; at < specs.length; at++) {
        accumulate(this.#layout, specs[at]!, columns[at]!, slots, values[at], index, index + 1, 0);
      }
      results[index] = this.#layout.finish(columns, slots[index]!);
    }
    return results;
  }

  #schemaOf(hasIntKeys: boolean, hasNumbers: boolean): ColumnSchema {
    const name = `${hasIntKeys}${hasNumbers}`;
    let schema = this.#schemas.get(name);
    if (schema === undefined) {
      const result: ColumnField = { name: 'result', type: hasNumbers ? 'float64' : 'any' };
      const key: ColumnField = { name: 'key', type: hasIntKeys ? 'int32' : 'any' };
      schema = { fields: this.#isKeyed ? [key, result] : [result] };
      this.#schemas.set(name, schema);
    }
    return schema;
  }
}

function countOn(column: Float64Array, slots: Int32Array, count: number): Float64Array {
  const results = new Float64Array(count);
  for (let index = 0; index < count; index++) {
    const slot = slots[index]!;
    const next = column[slot]! + 1;
    column[slot] = next;
    results[index] = next;
  }
  return results;
}
