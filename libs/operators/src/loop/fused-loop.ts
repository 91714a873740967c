import type { Batch, Outbox, Processor, ProcessorContext, ProcessorSupplier } from '@millrace/engine';
import type { LoopMode } from '../contract/row-stage.ts';
import type { Explained } from './explained.ts';
import type { LoopStage } from './loop-stage.ts';
import { LoopSegment, type Segment, TransformSegment, type TransformStage } from './segment.ts';

/** A stateless stage: over rows, or over whole batches. */
export type FusedStage = LoopStage | TransformStage;

/**
 * Fuses stateless stages into one processor: neighbouring row stages are one loop. Order and event times are kept. Output batches hold
 * at most `BATCH_ROWS_MAX` rows (what `transform` returns is passed on as it is); nothing is kept between input batches, so
 * there is no state to save.
 */
export function fusedLoop(stages: readonly FusedStage[], mode: LoopMode = 'generated'): ProcessorSupplier {
  return () => new FusedLoop(segmentsOf(stages, mode));
}

function segmentsOf(stages: readonly FusedStage[], mode: LoopMode): Segment[] {
  const segments: Segment[] = [];
  let rowStages: LoopStage[] = [];
  const flush = () => {
    if (rowStages.length > 0) segments.push(new LoopSegment(rowStages, mode));
    rowStages = [];
  };
  for (const stage of stages) {
    if ('transform' in stage) {
      flush();
      segments.push(new TransformSegment(stage));
    } else {
      rowStages.push(stage);
    }
  }
  flush();
  return segments;
}

class FusedLoop implements Processor, Explained {
  readonly #segments: readonly Segment[];
  #outbox: Outbox | undefined;
  /** Output that the outbox has refused. */
  #refused: Batch | undefined;
  /** The input batch is in the segments: a repeated call goes on with it. */
  #isUnderWay = false;

  constructor(segments: readonly Segment[]) {
    this.#segments = segments;
  }

  /** As in `Explained`. */
  generatedCode(): readonly string[] {
    return this.#segments.flatMap((segment) => (segment instanceof LoopSegment ? [segment.text()] : []));
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
