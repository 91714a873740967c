import { errorCode, MillraceError } from '@millrace/kernel';
import type { LoopMode } from '../contract/row-stage.ts';
import { interpretLoop, rowAt } from './interpret.ts';
import { compileLoop, inputOf, type Loop, type LoopBatch, RowFailure, writeLoop } from './loop-code.ts';
import { type LoopStage, stageKind } from './loop-stage.ts';
import type { LoopTerminal } from './loop-terminal.ts';

export const UserFunctionFailed = errorCode('operators.user_function_failed', {
  domain: 'user',
  retry: 'never',
  title: 'A function of the pipeline threw an error',
});

/** Forms of input that one place of a pipeline may have; more than that is a source that makes a schema for each batch. */
const FORMS_MAX = 1_000;

/**
 * Runs one list of stages over batches of any form: for each form (rows, or one schema of columns) a loop is made once and kept.
 */
export class Loops {
  readonly #stages: readonly LoopStage[];
  readonly #terminal: LoopTerminal;
  readonly #mode: LoopMode;
  readonly #interpreted: Loop;
  readonly #bySchema = new Map<object, Map<string, Loop>>();
  #rows: Loop | undefined;
  #timedRows: Loop | undefined;
  /** The form of the batch before. */
  #lastSchema: object | undefined;
  #lastForm = '';
  #last: Loop | undefined;

  constructor(stages: readonly LoopStage[], terminal: LoopTerminal, mode: LoopMode = 'generated') {
    this.#stages = stages;
    this.#terminal = terminal;
    this.#mode = mode;
    this.#interpreted = interpretLoop(stages, terminal);
  }

  /**
   * Reads rows `from` … of the batch and returns the index of the first that was not read.
   * @throws MillraceError `operators.user_function_failed`; a `MillraceError` of the function itself is passed on.
   */
  run(batch: LoopBatch, from = 0): number {
    try {
      return this.#loopOf(batch)(batch, from);
    } catch (error) {
      if (error instanceof RowFailure) throw this.#explain(error, batch);
      throw error;
    }
  }

  /** The text of the loop over row objects with event times, for people: `millrace plan --verbose`. */
  text(): string {
    return writeLoop({ schema: undefined, nulls: [], hasTimes: true }, this.#stages, this.#terminal).body;
  }

  #loopOf(batch: LoopBatch): Loop {
    if (this.#mode === 'interpreted') return this.#interpreted;
    if (batch.kind === 'rows') return this.#rowLoop(batch);
    const form = formOf(batch);
    if (batch.schema === this.#lastSchema && form === this.#lastForm) return this.#last!;
    let loops = this.#bySchema.get(batch.schema);
    if (loops === undefined) {
      // Better to make a loop again than to keep one for every schema that ever was.
      if (this.#bySchema.size >= FORMS_MAX) this.#bySchema.clear();
      loops = new Map();
      this.#bySchema.set(batch.schema, loops);
    }
    let loop = loops.get(form);
    if (loop === undefined) {
      loop = this.#make(batch);
      loops.set(form, loop);
    }
    this.#lastSchema = batch.schema;
    this.#lastForm = form;
    this.#last = loop;
    return loop;
  }

  #rowLoop(batch: LoopBatch): Loop {
    if (batch.times === undefined) {
      this.#rows ??= this.#make(batch);
      return this.#rows;
    }
    this.#timedRows ??= this.#make(batch);
    return this.#timedRows;
  }

  #make(batch: LoopBatch): Loop {
    return compileLoop(writeLoop(inputOf(batch), this.#stages, this.#terminal));
  }

  /** Which stage failed is found by running them one by one on the row that failed. */
  #explain({ cause, index }: RowFailure, batch: LoopBatch): MillraceError {
    if (cause instanceof MillraceError) return cause;
    const stage = failingStage(this.#stages, rowAt(batch, index));
    const where =
      stage === undefined
        ? 'behind the stages'
        : `in stage ${stage + 1} of ${this.#stages.length} (${stageKind(this.#stages[stage]!)})`;
    return new MillraceError(
      UserFunctionFailed,
      {
        message: `a function of the pipeline failed ${where}: ${cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)}`,
        mend: 'Mend the function, or let it return a value that a later stage filters out.',
        details: { index, ...(stage === undefined ? {} : { stage }) },
      },
      { cause },
    );
  }
}

const formOf = (batch: LoopBatch): string => {
  let form = batch.times === undefined ? '' : 't';
  if (batch.kind === 'columns' && batch.nulls !== undefined) {
    for (const nulls of batch.nulls) form += nulls === undefined ? '-' : 'n';
  }
  return form;
};

/** Index of the stage that throws for this row; `undefined` when none does now. */
function failingStage(stages: readonly LoopStage[], row: unknown): number | undefined {
  let rows: unknown[] = [row];
  for (const [index, stage] of stages.entries()) {
    try {
      if ('map' in stage) rows = rows.map((each) => stage.map(each));
      else if ('filter' in stage) rows = rows.filter((each) => stage.filter(each));
      else if ('flatMap' in stage) rows = rows.flatMap((each) => [...stage.flatMap(each)]);
      else if ('assignTime' in stage) for (const each of rows) stage.assignTime(each);
    } catch {
      return index;
    }
  }
  return undefined;
}
