import type { Batch, Processor, ProcessorContext } from '@millrace/engine';
import { DebeziumJsonWriter, isChangeBatch } from '@millrace/formats';

/**
 * Turns change events into lines of Debezium-style JSON, as a sink would receive them, and counts them. Writes when it started and
 * when it had all rows into its figures (wall clock).
 */
export class CountingSink implements Processor {
  readonly #rowsWanted: number;
  readonly #writer = new DebeziumJsonWriter({ name: 'bench', db: 'bench' });
  #context!: ProcessorContext;
  #rows = 0;
  #bytes = 0;

  constructor(rowsWanted: number) {
    this.#rowsWanted = rowsWanted;
  }

  init(context: ProcessorContext): void {
    this.#context = context;
    context.metrics.set('startedAtMs', context.clock.nowMs());
  }

  process(_ordinal: number, batch: Batch): boolean {
    if (!isChangeBatch(batch)) throw new Error('the counting sink takes change events');
    const before = this.#rows;
    for (let from = 0; from < batch.length; ) {
      from = this.#writer.write(batch, from);
      this.#bytes += this.#writer.length;
      this.#writer.clear();
    }
    this.#rows += batch.length;
    const { metrics, clock } = this.#context;
    if (before < this.#rowsWanted && this.#rows >= this.#rowsWanted) {
      metrics.set('rows', this.#rows);
      metrics.set('bytes', this.#bytes);
      metrics.set('finishedAtMs', clock.nowMs());
    }
    return true;
  }
}
