import {
  type Batch,
  type Outbox,
  type Processor,
  type ProcessorContext,
  type RowBatch,
  rowBatch,
} from '@millrace/engine';

/** Emits each batch as it is. */
export class PassThrough implements Processor {
  protected outbox!: Outbox;

  init(context: ProcessorContext): void {
    this.outbox = context.outbox;
  }

  process(_ordinal: number, batch: Batch): boolean {
    return this.outbox.offer(batch);
  }
}

/** Emits each row twice. */
export class Doubler extends PassThrough {
  #doubled: RowBatch | undefined;

  override process(_ordinal: number, batch: Batch): boolean {
    this.#doubled ??= rowBatch((batch as RowBatch).rows.flatMap((row) => [row, row]));
    if (!this.outbox.offer(this.#doubled)) return false;
    this.#doubled = undefined;
    return true;
  }
}
