import { type ChangeBatch, FLAG_KEY_CHANGE, NO_TUPLE, Op, type TableSchema } from '@millrace/formats';
import { type Condition, compileCondition } from './filter-events.ts';
import { pickEvents } from './pick-events.ts';

interface RowConditions {
  readonly isAfter: Condition;
  readonly wasBefore: Condition;
}

/**
 * The part of a table of which `text` is true, as changes of that part: an update that leaves the condition becomes a delete, one
 * that enters it a create. The condition is evaluated on the row before the change as well, so it may name columns outside the key
 * only when the table's replica identity is full. A truncate passes.
 */
export function whereEvents(text: string, pointer: string): (batch: ChangeBatch) => ChangeBatch {
  const compiled = new WeakMap<TableSchema, RowConditions>();
  const conditionsOf = (schema: TableSchema): RowConditions => {
    const known = compiled.get(schema) ?? {
      isAfter: compileCondition(text, schema, pointer),
      wasBefore: compileCondition(text, schema, pointer, 'before'),
    };
    compiled.set(schema, known);
    return known;
  };
  return (batch) => {
    const conditions = batch.schemas.map(conditionsOf);
    const kept: number[] = [];
    const ops: number[] = [];
    for (let index = 0; index < batch.length; index++) {
      const op = opWithin(batch, index, conditions[batch.schemaOf[index]!]!);
      if (op === undefined) continue;
      kept.push(index);
      ops.push(op);
    }
    return withOps(pickEvents(batch, kept), ops);
  };
}

/** What the event is to the part of the table; `undefined`: nothing. */
function opWithin(batch: ChangeBatch, index: number, { isAfter, wasBefore }: RowConditions): number | undefined {
  const op = batch.op[index]!;
  switch (op) {
    case Op.Truncate:
      return op;
    case Op.Delete:
      return wasBefore(batch, index) ? op : undefined;
    case Op.Update: {
      const is = isAfter(batch, index);
      const was = wasBefore(batch, index);
      if (is) return was ? op : Op.Create;
      return was ? Op.Delete : undefined;
    }
    default:
      return isAfter(batch, index) ? op : undefined;
  }
}

/** The batch with other operations, and with the images that go with them. */
function withOps(batch: ChangeBatch, ops: readonly number[]): ChangeBatch {
  const changed = ops.some((op, index) => op !== batch.op[index]);
  if (!changed) return batch;
  const before = batch.before.slice(0, ops.length);
  const after = batch.after.slice(0, ops.length);
  const flags = batch.flags.slice(0, ops.length);
  for (const [index, op] of ops.entries()) {
    if (op === batch.op[index]) continue;
    if (op === Op.Delete) {
      // Without an old tuple the key has not changed: the new one holds it.
      if (before[index] === NO_TUPLE) before[index] = after[index]!;
      after[index] = NO_TUPLE;
    } else {
      before[index] = NO_TUPLE;
    }
    flags[index] = flags[index]! & ~FLAG_KEY_CHANGE;
  }
  return { ...batch, op: Uint8Array.from(ops), flags, before, after };
}
