import { closeSync, existsSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Batch,
  Dag,
  EVERY_INSTANCE,
  type Processor,
  type ProcessorContext,
  type RowBatch,
  rowBatch,
  type SnapshotEntry,
  type SnapshotWriter,
} from '@millrace/engine';
import { errorCode, MillraceError } from '@millrace/kernel';

/** What `buildDag` is given. */
export interface CountingSpec {
  /** Folder of the sink. */
  readonly directory: string;
  /** Numbers to emit, from 0; then the source ends. */
  readonly count: number;
  readonly batchRows: number;
  /** Pause between batches. */
  readonly pauseMs: number;
  /** Size of the source's state beside the number. */
  readonly padBytes?: number;
  /** The source throws instead of emitting this number: while `directory/fail` exists. */
  readonly fail?: { readonly at: number; readonly retry: 'later' | 'after-repair' };
  /** The process dies in phase two of this snapshot, after its first half. */
  readonly killInPhaseTwo?: number;
}

const FailsForNow = errorCode('test.fails_for_now', { domain: 'external', retry: 'later', title: 'Fails' });
const FailsForGood = errorCode('test.fails_for_good', { domain: 'user', retry: 'after-repair', title: 'Fails' });

/** A counter into two sinks that show rows in phase two only. */
export const buildDag = (given: unknown): Dag => {
  const spec = given as CountingSpec;
  return new Dag()
    .vertex('numbers', () => new NumberSource(spec))
    .vertex('left', () => new TwoPhaseFileSink(spec, 'left'))
    .vertex('right', () => new TwoPhaseFileSink(spec, 'right'))
    .edge('numbers', 'left')
    .edge('numbers', 'right');
};

class NumberSource implements Processor {
  readonly #spec: CountingSpec;
  #next = 0;
  #context: ProcessorContext | undefined;
  #isPausing = false;

  constructor(spec: CountingSpec) {
    this.#spec = spec;
  }

  init(context: ProcessorContext): void {
    this.#context = context;
  }

  complete(): boolean {
    const { count, batchRows, pauseMs, fail, directory } = this.#spec;
    if (this.#isPausing) return false;
    if (this.#next >= count) return true;
    if (fail !== undefined && this.#next >= fail.at && existsSync(join(directory, 'fail'))) {
      if (fail.retry === 'later') rmSync(join(directory, 'fail'));
      throw new MillraceError(fail.retry === 'later' ? FailsForNow : FailsForGood, {
        message: `cannot emit ${this.#next}`,
        mend: 'remove the file',
      });
    }
    const rows = Array.from({ length: Math.min(batchRows, count - this.#next) }, (_, index) => this.#next + index);
    if (!this.#context!.outbox.offer(rowBatch(rows))) return false;
    this.#next += rows.length;
    this.#isPausing = true;
    this.#context!.clock.timer(pauseMs, () => {
      this.#isPausing = false;
      this.#context!.wake();
    });
    return false;
  }

  saveSnapshot(_snapshotId: number, writer: SnapshotWriter): boolean {
    const value = Buffer.alloc(8 + (this.#spec.padBytes ?? 0));
    value.writeDoubleBE(this.#next);
    return writer.offer({ partition: EVERY_INSTANCE, key: 'next', value });
  }

  restoreSnapshot(entry: SnapshotEntry): void {
    this.#next = Buffer.from(entry.value).readDoubleBE();
  }
}

/** Prepares a file for each snapshot and renames it in phase two; names hold the generation, so that attempts never meet. */
class TwoPhaseFileSink implements Processor {
  readonly #spec: CountingSpec;
  readonly #name: string;
  #context: ProcessorContext | undefined;
  #rows: number[] = [];
  #prepared = '';
  #restored: string | undefined;

  constructor(spec: CountingSpec, name: string) {
    this.#spec = spec;
    this.#name = name;
  }

  init(context: ProcessorContext): void {
    this.#context = context;
  }

  process(_ordinal: number, batch: Batch): boolean {
    for (const row of (batch as RowBatch<number>).rows) this.#rows.push(row);
    return true;
  }

  snapshotPrepare(snapshotId: number): boolean {
    this.#prepared = `${this.#name}-${String(snapshotId).padStart(8, '0')}-${this.#context!.generation}`;
    const file = openSync(this.#path(this.#prepared, 'prepared'), 'w');
    writeSync(file, this.#rows.join('\n'));
    fsyncSync(file);
    closeSync(file);
    this.#rows = [];
    return true;
  }

  saveSnapshot(_snapshotId: number, writer: SnapshotWriter): boolean {
    return writer.offer({ partition: EVERY_INSTANCE, key: 'prepared', value: Buffer.from(this.#prepared) });
  }

  snapshotCommit(snapshotId: number): void {
    if (this.#name === 'left') this.#show(this.#prepared);
    if (snapshotId === this.#spec.killInPhaseTwo) process.kill(process.pid, 'SIGKILL');
    this.#show(this.#prepared);
  }

  restoreSnapshot(entry: SnapshotEntry): void {
    this.#restored = Buffer.from(entry.value).toString();
  }

  restoreFinished(): void {
    if (this.#restored !== undefined) this.#show(this.#restored);
    for (const file of readdirSync(this.#spec.directory)) {
      if (file.startsWith(this.#name) && file.endsWith('.prepared')) rmSync(join(this.#spec.directory, file));
    }
  }

  #show(prepared: string): void {
    const path = this.#path(prepared, 'prepared');
    if (existsSync(path)) renameSync(path, this.#path(prepared, 'shown'));
  }

  #path(name: string, ending: string): string {
    return join(this.#spec.directory, `${name}.${ending}`);
  }
}
