import { inspect } from 'node:util';
import {
  BATCH_ROWS_MAX,
  type Batch,
  type ProcessorContext,
  type ProcessorSupplier,
  rowBatch,
  type Watermark,
} from '@millrace/engine';
import { deepEqual } from './deep-equal.ts';
import { deepFreeze } from './deep-freeze.ts';
import { HostileRun, type InputItem, type Mode } from './hostile-run.ts';

export interface VerifyOptions {
  /** Outgoing edges; 1 by default, 0 for a sink. */
  readonly edgeCount?: number;
  /** What of the context the processor looks at: guarantee, clock, generation, … */
  readonly context?: Partial<ProcessorContext>;
  /** Rows of an output batch as they are compared. Default: those of a row or column batch; a byte batch counts as one row, as it is. */
  readonly rowsOf?: (batch: Batch) => readonly unknown[];
  /** Splits a byte batch for the runs item by item; without it byte batches stay whole. */
  readonly split?: (batch: Batch) => readonly Batch[];
  /** Compares an output row or watermark with the expected one. Default: by content. */
  readonly equals?: (actual: unknown, expected: unknown) => boolean;
  /** `false` leaves out the runs with save and restore. */
  readonly restarts?: boolean;
  /** How long a callback that returned `false` may wait for `wake()`. Default: `WAKE_DURATION_MS_MAX`. */
  readonly wakeDurationMsMax?: number;
  /** Awaited before each run: the place to empty what the processor writes to. */
  readonly before?: () => void | Promise<void>;
  /** Awaited after each run: the place to look at what the processor wrote. */
  readonly after?: () => void | Promise<void>;
}

const WAKE_DURATION_MS_MAX = 5_000;

const MODES: readonly Mode[] = [true, false].flatMap((isBulk) =>
  [false, true].flatMap((refuses) =>
    (['never', 'after commit', 'before commit'] as const).map((restarts) => ({
      isBulk,
      refuses,
      restarts,
      name: [
        isBulk ? 'in bulk' : 'item by item',
        refuses ? 'refusing every other offer' : 'accepting every offer',
        restarts === 'never' ? 'without a snapshot' : `restored into a new instance after every step, ${restarts}`,
      ].join(', '),
    })),
  ),
);

/**
 * Tests a processor unkindly, in twelve ways: its input in bulk and item by item; an outbox that accepts everything or refuses
 * every other offer; without snapshots, or saved and restored into a fresh instance after every step, before and after
 * phase two. The output has to be the same each time.
 *
 *     await verifyProcessor(() => new CountPerKey())
 *       .input([ada, ada, watermark(10), grace])
 *       .expectOutput([['ada', 2], watermark(10), ['grace', 1]]);
 *
 * Without input the processor is driven as a source.
 */
export function verifyProcessor(supplier: ProcessorSupplier, options: VerifyOptions = {}): ProcessorVerification {
  return new ProcessorVerification(supplier, options);
}

/** What is under test and its input; made by `verifyProcessor`. */
export class ProcessorVerification {
  readonly #supplier: ProcessorSupplier;
  readonly #options: VerifyOptions;
  readonly #inputs: { readonly ordinal: number; readonly items: readonly unknown[] }[] = [];

  constructor(supplier: ProcessorSupplier, options: VerifyOptions) {
    this.#supplier = supplier;
    this.#options = options;
  }

  /** Adds input of one edge: rows, watermarks and whole batches, in order. */
  input(items: readonly unknown[], ordinal = 0): this {
    this.#inputs.push({ ordinal, items });
    return this;
  }

  /**
   * Runs everything and compares rows and watermarks of every outgoing edge.
   * @throws Error naming the run that went wrong, with what came and what was expected.
   */
  async expectOutput(expected: readonly unknown[]): Promise<void> {
    await this.expectOutputs(Array.from({ length: this.#options.edgeCount ?? 1 }, () => expected));
  }

  /** The same with an expectation for each edge, by ordinal. */
  async expectOutputs(expected: readonly (readonly unknown[])[]): Promise<void> {
    const { restarts = true } = this.#options;
    for (const mode of MODES) if (restarts || mode.restarts === 'never') await this.#verify(mode, expected);
  }

  async #verify(mode: Mode, expected: readonly (readonly unknown[])[]): Promise<void> {
    const { before, after, edgeCount = 1, context = {}, wakeDurationMsMax = WAKE_DURATION_MS_MAX } = this.#options;
    await before?.();
    const run = new HostileRun(this.#supplier, mode, { edgeCount, context, wakeDurationMsMax });
    try {
      await run.drive(this.#inputs.flatMap(({ ordinal, items }) => this.#pack(items, ordinal, mode.isBulk)));
      await after?.();
    } catch (error) {
      throw new Error(`${mode.name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
    for (const [ordinal, items] of run.outbox.accepted.entries()) {
      this.#compare(`${mode.name}, edge ${ordinal}`, this.#flatten(items), expected[ordinal] ?? []);
    }
  }

  #compare(what: string, actual: readonly unknown[], expected: readonly unknown[]): void {
    const { equals = deepEqual } = this.#options;
    const isSame = actual.length === expected.length && actual.every((item, index) => equals(item, expected[index]));
    if (isSame) return;
    throw new Error(`${what}:\n  came     ${inspect(actual)}\n  expected ${inspect(expected)}`);
  }

  #flatten(items: readonly (Batch | Watermark)[]): unknown[] {
    const { rowsOf = plainRows } = this.#options;
    return items.flatMap((item) => (item.kind === 'watermark' ? [item] : rowsOf(item)));
  }

  /** Rows become batches; what was given as a batch is cloned, because a run may take its buffers away. */
  #pack(items: readonly unknown[], ordinal: number, isBulk: boolean): InputItem[] {
    const packed: InputItem[] = [];
    let rows: unknown[] = [];
    const flush = () => {
      if (rows.length > 0) packed.push({ ordinal, item: rowBatch(deepFreeze(rows)) });
      rows = [];
    };
    for (const item of items) {
      if (isWatermark(item)) {
        flush();
        packed.push({ ordinal, item });
      } else if (isBatch(item)) {
        flush();
        const batches = isBulk ? [item] : (this.#options.split?.(item) ?? [item]);
        for (const batch of batches)
          packed.push({ ordinal, item: batch.kind === 'bytes' ? structuredClone(batch) : batch });
      } else {
        rows.push(item);
        if (!isBulk || rows.length === BATCH_ROWS_MAX) flush();
      }
    }
    flush();
    return packed;
  }
}

/** Rows as objects. A string column is read by its offsets; nulls are null. */
export function plainRows(batch: Batch): readonly unknown[] {
  if (batch.kind === 'rows') return batch.rows;
  if (batch.kind === 'bytes') return [batch];
  return Array.from({ length: batch.length }, (_, index) =>
    Object.fromEntries(
      batch.schema.fields.map(({ name, type }, column) => {
        if (batch.nulls?.[column]?.[index] === 1) return [name, null];
        const values = batch.columns[column]!;
        if ('text' in values) return [name, values.text.slice(values.offsets[index], values.offsets[index + 1])];
        return [name, type === 'boolean' ? values[index] === 1 : values[index]];
      }),
    ),
  );
}

function isWatermark(item: unknown): item is Watermark {
  const { kind, timeMs } = (item ?? {}) as Partial<Watermark>;
  return kind === 'watermark' && typeof timeMs === 'number';
}

function isBatch(item: unknown): item is Batch {
  const { kind, length, byteLength } = (item ?? {}) as Partial<Batch>;
  return (
    (kind === 'rows' || kind === 'columns' || kind === 'bytes') &&
    typeof length === 'number' &&
    typeof byteLength === 'number'
  );
}
