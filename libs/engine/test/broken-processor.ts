import type { Batch, Processor, ProcessorContext, SnapshotWriter, Watermark } from '@millrace/engine';
import { errorCode, MillraceError } from '@millrace/kernel';
import { add, type Board, SLOT } from './board.ts';

const Broken = errorCode('test.broken', { domain: 'external', retry: 'later', title: 'Broken on purpose' });

/** Far longer than a cooperative callback may take. */
const SLOW_MS = 300;

/** Passes everything on, until the callback that is to throw. */
export class BrokenProcessor implements Processor {
  readonly #board: Board;
  readonly #callback: string;
  #context!: ProcessorContext;

  constructor(board: Board, callback: string) {
    this.#board = board;
    this.#callback = callback;
  }

  init(context: ProcessorContext): void {
    add(this.#board, SLOT.inits);
    this.#context = context;
    this.#throwIn('init');
  }

  async restoreFinished(): Promise<void> {
    await Promise.resolve();
    this.#throwIn('restoreFinished');
  }

  restoreSnapshot(): void {
    this.#throwIn('restoreSnapshot');
  }

  process(_ordinal: number, batch: Batch): boolean {
    this.#throwIn('process');
    if (this.#callback === 'plain error') throw new TypeError('no code of its own');
    if (this.#callback === 'fail') this.#context.fail(this.#error());
    if (this.#callback === 'thread') setImmediate(() => this.#throwIn('thread'));
    if (this.#callback === 'exit') process.exit(3);
    if (this.#callback === 'slow') Atomics.wait(this.#board, SLOT.never, 0, SLOW_MS);
    if (this.#callback === 'block') {
      add(this.#board, SLOT.blocked);
      Atomics.wait(this.#board, SLOT.never, 0);
    }
    if (this.#callback === 'ignored refusal') {
      this.#context.outbox.offer(batch);
      return true;
    }
    return this.#context.outbox.offer(batch);
  }

  processWatermark(mark: Watermark): boolean {
    this.#throwIn('processWatermark');
    return this.#context.outbox.offer(mark);
  }

  complete(): boolean {
    this.#throwIn('complete');
    return true;
  }

  snapshotPrepare(): boolean {
    this.#throwIn('snapshotPrepare');
    return true;
  }

  saveSnapshot(_snapshotId: number, writer: SnapshotWriter): boolean {
    this.#throwIn('saveSnapshot');
    return writer.offer({ partition: -1, key: 'state', value: new Uint8Array(1) });
  }

  async snapshotCommit(): Promise<void> {
    await Promise.resolve();
    this.#throwIn('snapshotCommit');
  }

  close(): void {
    add(this.#board, SLOT.closes);
    this.#throwIn('close');
  }

  #throwIn(callback: string): void {
    if (callback === this.#callback) throw this.#error();
  }

  #error(): MillraceError {
    return new MillraceError(Broken, { message: `broken in ${this.#callback}`, mend: 'Nothing: it is a test.' });
  }
}
