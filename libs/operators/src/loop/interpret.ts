import type { ColumnBatch, ColumnValues, StringColumn } from '@millrace/engine';
import { type Loop, type LoopBatch, RowFailure } from './loop-code.ts';
import type { LoopStage } from './loop-stage.ts';
import type { LoopTerminal } from './loop-terminal.ts';

type Next = (row: unknown, timeMs: number) => void;

/** The stages as one function, the last one innermost, so that a row runs through all of them at once. */
export function composeStages(stages: readonly LoopStage[], last: Next): Next {
  return stages.reduceRight<Next>((next, stage) => {
    if ('map' in stage) return (row, timeMs) => next(stage.map(row), timeMs);
    if ('filter' in stage) {
      return (row, timeMs) => {
        if (stage.filter(row)) next(row, timeMs);
      };
    }
    if ('peek' in stage) {
      return (row, timeMs) => {
        stage.peek(row, Number.isNaN(timeMs) ? undefined : timeMs);
        next(row, timeMs);
      };
    }
    if ('assignTime' in stage) return (row) => next(row, stage.assignTime(row));
    return (row, timeMs) => {
      for (const each of stage.flatMap(row)) next(each, timeMs);
    };
  }, last);
}

/**
 * The interpreter: the same loop without generated code, for places that forbid `new Function`, and as the reference that
 * generated loops are compared with.
 */
export function interpretLoop(stages: readonly LoopStage[], terminal: LoopTerminal): Loop {
  const run = composeStages(stages, (row, timeMs) => terminal.receive(row, timeMs));
  const explodes = stages.some((stage) => 'flatMap' in stage);
  return (batch, from) => {
    let index = from;
    try {
      while (index < batch.length) {
        run(rowAt(batch, index), batch.times === undefined ? Number.NaN : batch.times[index]!);
        index += 1;
        if (explodes && terminal.isFull) break;
      }
    } catch (error) {
      throw RowFailure.of(error, index);
    }
    return index;
  };
}

/** One row of a batch as an object. For where speed does not matter. */
export function rowAt(batch: LoopBatch, index: number): unknown {
  if (batch.kind === 'rows') return batch.rows[index];
  const row: Record<string, unknown> = {};
  batch.schema.fields.forEach(({ name }, column) => {
    const value = batch.nulls?.[column]?.[index] === 1 ? null : valueAt(batch, column, index);
    // Not by assignment: `__proto__` is a name like any other.
    Object.defineProperty(row, name, { value, enumerable: true, writable: true, configurable: true });
  });
  return row;
}

function valueAt(batch: ColumnBatch, column: number, index: number): unknown {
  const values: ColumnValues = batch.columns[column]!;
  const { type } = batch.schema.fields[column]!;
  if (type === 'string') {
    const { text, offsets } = values as StringColumn;
    return text.substring(offsets[index]!, offsets[index + 1]);
  }
  const value = (values as ArrayLike<unknown>)[index];
  return type === 'boolean' ? value === 1 : value;
}
