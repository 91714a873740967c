import { deserialize, serialize } from 'node:v8';
import {
  type Batch,
  PARTITION_COUNT,
  type Processor,
  type ProcessorContext,
  type ProcessorSupplier,
  type SnapshotEntry,
  type SnapshotWriter,
} from '@millrace/engine';
import { assert } from '@millrace/kernel';
import type { LoopMode } from '../contract/row-stage.ts';
import type { Explained } from '../loop/explained.ts';
import type { LoopStage } from '../loop/loop-stage.ts';
import type { LoopNames, LoopTerminal } from '../loop/loop-terminal.ts';
import { Loops } from '../loop/loops.ts';
import type { SinkDefinition } from './sink-definition.ts';

/** The processor of a `SinkDefinition`, with stateless stages ahead of it in the same loop. */
export function builtSink<State, Row>(
  definition: SinkDefinition<State, Row>,
  stages: readonly LoopStage[] = [],
  mode: LoopMode = 'generated',
): ProcessorSupplier {
  return () => new BuiltSink(definition, stages, mode);
}

/** The end of a loop that hands every row to the sink's function. */
class ReceiveTerminal<State, Row> implements LoopTerminal {
  readonly args: readonly unknown[];
  state!: State;
  readonly #receive: (state: State, row: Row, timeMs: number) => void;

  constructor(definition: SinkDefinition<State, Row>) {
    // Not bound: a definition's functions are called as plain functions, so that V8 can inline them.
    this.#receive = definition.receive;
    this.args = [this, definition.receive];
  }

  code({ row, time, argument }: LoopNames): { readonly before: string; readonly row: string } {
    return { before: `const s = ${argument(0)}.state;`, row: `${argument(1)}(s, ${row}, ${time});` };
  }

  receive(row: unknown, timeMs: number): void {
    const receive = this.#receive;
    receive(this.state, row as Row, timeMs);
  }
}

class BuiltSink<State, Row> implements Processor, Explained {
  readonly readsAtOnce = true;
  readonly #definition: SinkDefinition<State, Row>;
  readonly #terminal: ReceiveTerminal<State, Row>;
  readonly #loops: Loops;
  readonly #saved: unknown[] = [];
  #context!: ProcessorContext;
  #hasState = false;
  /** The step under way, so that a repeated call waits for it instead of starting it again. */
  #step: { readonly name: string; isDone: boolean } | undefined;

  constructor(definition: SinkDefinition<State, Row>, stages: readonly LoopStage[], mode: LoopMode) {
    this.#definition = definition;
    this.#terminal = new ReceiveTerminal(definition);
    this.#loops = new Loops(stages, this.#terminal, mode);
  }

  generatedCode(): readonly string[] {
    return [this.#loops.text()];
  }

  async init(context: ProcessorContext): Promise<void> {
    this.#context = context;
    this.#terminal.state = await this.#definition.create(context);
    this.#hasState = true;
  }

  restoreSnapshot(entry: SnapshotEntry): void {
    this.#saved.push(deserialize(entry.value));
  }

  async restoreFinished(): Promise<void> {
    const { restoredSnapshotId } = this.#context;
    if (restoredSnapshotId === undefined) return;
    await this.#definition.restore?.(this.#terminal.state, this.#saved, restoredSnapshotId);
  }

  process(_ordinal: number, batch: Batch): boolean {
    if (this.#step === undefined) {
      assert(batch.kind !== 'bytes', 'a sink built of functions reads rows: bytes are decoded by a transform first');
      this.#loops.run(batch);
    }
    return this.#do('flush', () => this.#definition.flush?.(this.#terminal.state));
  }

  processWatermark(): boolean {
    return true;
  }

  snapshotPrepare(snapshotId: number): boolean {
    return this.#do('prepare', () => this.#definition.prepare?.(this.#terminal.state, snapshotId));
  }

  saveSnapshot(_snapshotId: number, writer: SnapshotWriter): boolean {
    const { snapshot } = this.#definition;
    if (snapshot === undefined) return true;
    const { globalIndex } = this.#context;
    const value = serialize(snapshot(this.#terminal.state));
    // Each saved value goes to one instance of the next execution, however many there are.
    return writer.offer({ partition: globalIndex % PARTITION_COUNT, key: `sink-${globalIndex}`, value });
  }

  async snapshotCommit(snapshotId: number): Promise<void> {
    await this.#definition.commit?.(this.#terminal.state, snapshotId);
  }

  complete(): boolean {
    return this.#do('complete', () => this.#definition.complete?.(this.#terminal.state));
  }

  async close(): Promise<void> {
    if (this.#hasState) await this.#definition.destroy?.(this.#terminal.state);
  }

  /** Runs a step that may be a promise; `false` until it has been fulfilled. */
  #do(name: string, work: () => void | Promise<void>): boolean {
    if (this.#step === undefined) {
      const result = work();
      if (!(result instanceof Promise)) return true;
      const step = { name, isDone: false };
      this.#step = step;
      result.then(
        () => {
          step.isDone = true;
          this.#context.wake();
        },
        (error: unknown) => this.#context.fail(error),
      );
    }
    if (!this.#step.isDone) return false;
    this.#step = undefined;
    return true;
  }
}
