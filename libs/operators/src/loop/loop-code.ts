import type { ColumnBatch, ColumnSchema, ColumnType, RowBatch } from '@millrace/engine';
import { type LoopStage, stageKind } from './loop-stage.ts';
import type { LoopTerminal } from './loop-terminal.ts';
import { propertyName } from './object-literal.ts';

/** A batch whose rows a loop can read. */
export type LoopBatch = RowBatch | ColumnBatch;

/** Reads rows `from` … of a batch, and returns the index of the first it has not read. */
export type Loop = (batch: LoopBatch, from: number) => number;

/** The form of a batch that one generated loop is for. */
export interface LoopInput {
  /** `undefined`: rows. */
  readonly schema: ColumnSchema | undefined;
  /** By column: whether it has nulls. */
  readonly nulls: readonly boolean[];
  readonly hasTimes: boolean;
}

/** A generated loop as text: the names of its arguments, in order, and its body. */
export interface LoopCode {
  readonly parameters: readonly string[];
  readonly args: readonly unknown[];
  readonly body: string;
}

/**
 * Writes the loop of a list of stages over one form of batch: one function, all stages inside it, so that V8 inlines the user's functions
 * and never allocates row objects that do not leave the loop. This is the only place that writes code: names are made here, and
 * whatever a user has written comes in as an argument (property names as string literals).
 */
export function writeLoop(input: LoopInput, stages: readonly LoopStage[], terminal: LoopTerminal): LoopCode {
  const parameters: string[] = [];
  const args: unknown[] = [];
  const parameter = (value: unknown): string => {
    const name = `f${parameters.length}`;
    parameters.push(name);
    args.push(value);
    return name;
  };
  const terminalArgs = terminal.args.map(parameter);
  let row = 'v0';
  let depth = 0;
  let made = 0;
  const lines: string[] = [];
  for (const stage of stages) {
    if ('map' in stage) {
      const next = `v${++made}`;
      lines.push(`const ${next} = ${parameter(stage.map)}(${row});`);
      row = next;
    } else if ('filter' in stage) {
      lines.push(`if (!${parameter(stage.filter)}(${row})) continue;`);
    } else if ('peek' in stage) {
      lines.push(`${parameter(stage.peek)}(${row}, t === t ? t : undefined);`);
    } else if ('assignTime' in stage) {
      lines.push(`t = ${parameter(stage.assignTime)}(${row});`);
    } else {
      const next = `v${++made}`;
      lines.push(`for (const ${next} of ${parameter(stage.flatMap)}(${row})) {`);
      row = next;
      depth += 1;
    }
  }
  const {
    before = '',
    row: each,
    after = '',
  } = terminal.code({
    row,
    time: 't',
    index: row === 'v0' && isPlainInput(input) ? 'i' : undefined,
    argument: (index) => terminalArgs[index]!,
  });
  const explodes = stages.some((stage) => stageKind(stage) === 'flatMap');
  const isFull = explodes && terminal.isFull !== undefined ? `if (${parameter(terminal)}.isFull) { i++; break; }` : '';
  const { head, first } = readRow(input);
  return {
    parameters,
    args,
    body: [
      '"use strict";',
      'return (batch, from) => {',
      'const n = batch.length; let i = from; let t = NaN;',
      head,
      before,
      'try {',
      'for (; i < n; i++) {',
      first,
      ...lines,
      each,
      '}'.repeat(depth),
      isFull,
      '}',
      `} catch (error) { throw ${parameter(RowFailure)}.of(error, i); }`,
      after,
      'return i;',
      '};',
    ].join('\n'),
  };
}

/** An exception inside a loop, with the row it came at. The loop's owner says which stage it was. */
export class RowFailure extends Error {
  readonly index: number;

  private constructor(cause: unknown, index: number) {
    super('a row failed', { cause });
    this.index = index;
  }

  static of(cause: unknown, index: number): RowFailure {
    return new RowFailure(cause, index);
  }
}

/** Columns without nulls: a row is what the columns hold at its number. */
const isPlainInput = ({ schema, nulls }: LoopInput): boolean => schema !== undefined && !nulls.includes(true);

function readRow({ schema, nulls, hasTimes }: LoopInput): { readonly head: string; readonly first: string } {
  const times = hasTimes ? 'const times = batch.times;' : '';
  const time = hasTimes ? 't = times[i];' : 't = NaN;';
  if (schema === undefined) return { head: `const rows = batch.rows; ${times}`, first: `const v0 = rows[i]; ${time}` };
  const head = schema.fields.map(({ type }, index) => {
    const values =
      type === 'string'
        ? `const c${index} = batch.columns[${index}].text, o${index} = batch.columns[${index}].offsets;`
        : `const c${index} = batch.columns[${index}];`;
    return nulls[index] ? `${values} const n${index} = batch.nulls[${index}];` : values;
  });
  const fields = schema.fields.map(({ name, type }, index) => {
    const value = nulls[index] ? `n${index}[i] === 1 ? null : ${readValue(type, index)}` : readValue(type, index);
    return `${propertyName(name)}: ${value}`;
  });
  return { head: [...head, times].join('\n'), first: `const v0 = { ${fields.join(', ')} }; ${time}` };
}

function readValue(type: ColumnType, index: number): string {
  if (type === 'string') return `c${index}.substring(o${index}[i], o${index}[i + 1])`;
  return type === 'boolean' ? `c${index}[i] === 1` : `c${index}[i]`;
}

/** The form of a batch. */
export function inputOf(batch: LoopBatch): LoopInput {
  const hasTimes = batch.times !== undefined;
  if (batch.kind === 'rows') return { schema: undefined, nulls: [], hasTimes };
  return {
    schema: batch.schema,
    nulls: batch.schema.fields.map((_, index) => batch.nulls?.[index] !== undefined),
    hasTimes,
  };
}

/** Makes the function of a loop's code. Each has type feedback of its own, so that one pipeline does not slow another down. */
export function compileLoop({ parameters, args, body }: LoopCode): Loop {
  // oxlint-disable-next-line typescript/no-implied-eval -- the one place that makes code; see `writeLoop` for what may be in it
  return new Function(...parameters, body)(...args) as Loop;
}
