import type { Batch } from '../contract/batch.ts';
import type { Outbox, Processor, ProcessorContext, ProcessorSupplier } from '../contract/processor.ts';
import { FusedRows, type RowStage } from './fused-rows.ts';
import type { FusedSegment } from './fused-segment.ts';
import { FusedTransform, type TransformStage } from './fused-transform.ts';

/**
 * A stateless stage. Row stages read row batches and work as the array methods of the same name; `transform` takes a whole
 * batch of any kind, and `undefined` drops it.
 */
export type Stage = RowStage | TransformStage;

/**
 * Fuses stateless stages into one processor. Order is kept. Output batches hold at most `BATCH_ROWS_MAX` rows (what `transform`
 * returns is passed on as it is); nothing is kept between input batches, so there is no state to save.
 *
 * This is the interpreter: the reference that generated code will be compared with.
 */
export function fused(stages: readonly Stage[]): ProcessorSupplier {
  return () => new FusedProcessor(segmentsOf(stages));
}

/** Neighbouring row stages become one segment. */
function segmentsOf(stages: readonly Stage[]): FusedSegment[] {
  const segments: FusedSegment[] = [];
  let rowStages: RowStage[] = [];
  const flush = () => {
    if (rowStages.length > 0) segments.push(new FusedRows(rowStages));
    rowStages = [];
  };
  for (const stage of stages) {
    if ('transform' in stage) {
      flush();
      segments.push(new FusedTransform(stage));
    } else {
      rowStages.push(stage);
    }
  }
  flush();
  return segments;
}

class FusedProcessor implements Processor {
  readonly #segments: readonly FusedSegment[];
  #outbox: Outbox | undefined;
  /** Output that the outbox has refused. */
  #refused: Batch | undefined;
  /** The input batch is in the segments: a repeated call goes on with it. */
  #isUnderWay = false;

  constructor(segments: readonly FusedSegment[]) {
    this.#segments = segments;
  }

  init(context: ProcessorContext): void {
    this.#outbox = context.outbox;
  }

  process(_ordinal: number, batch: Batch): boolean {
    if (this.#segments.length === 0) return this.#outbox!.offer(batch);
    if (!this.#isUnderWay) this.#segments[0]!.begin(batch);
    this.#isUnderWay = true;
    for (;;) {
      const output = this.#refused ?? this.#next();
      if (output === undefined) break;
      this.#refused = output;
      if (!this.#outbox!.offer(output)) return false;
      this.#refused = undefined;
    }
    this.#isUnderWay = false;
    return true;
  }

  /** The next batch out of the last segment. The latest segment with work goes first: that keeps order and memory small. */
  #next(): Batch | undefined {
    let index = this.#segments.length - 1;
    while (index >= 0) {
      const output = this.#segments[index]!.next();
      if (output === undefined) {
        index -= 1;
      } else if (index === this.#segments.length - 1) {
        return output;
      } else {
        index += 1;
        this.#segments[index]!.begin(output);
      }
    }
    return undefined;
  }
}
