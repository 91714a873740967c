import type { ChangeBatch, TableSchema } from '@millrace/formats';
import { compileExpression, type SqlValue } from '@millrace/sql';
import { EventReader } from './event-reader.ts';
import { EventScope, type Image } from './event-scope.ts';
import { pickEvents } from './pick-events.ts';

/** Whether a condition is true of an event; unknown (SQL's NULL) is not true. */
export type Condition = (batch: ChangeBatch, index: number) => boolean;

/**
 * Compiles a condition over the events of one table.
 * @param pointer JSON pointer of the expression in the job document
 * @throws MillraceError what `compileExpression` throws, `pipeline.before_unknown`
 */
export function compileCondition(
  text: string,
  schema: TableSchema,
  pointer: string,
  image: Image = 'after',
): Condition {
  const scope = new EventScope(schema, image);
  const expression = compileExpression(text, scope, { pointer, expects: { name: 'boolean' } });
  const reader = new EventReader(schema, scope.slots);
  return (batch, index) => {
    reader.load(batch, index);
    return (expression.evaluate(reader.read) as SqlValue) === true;
  };
}

/**
 * Keeps the events of which `text` is true. Names: `after.x` (or `x`), `before.x`, `event.op`, …; compiled once for each version
 * of a table's shape. A truncate has no row: only a condition on `event` can keep it.
 */
export function filterEvents(text: string, pointer: string): (batch: ChangeBatch) => ChangeBatch {
  const compiled = new WeakMap<TableSchema, Condition>();
  return (batch) => {
    const conditions = batch.schemas.map((schema) => {
      const known = compiled.get(schema) ?? compileCondition(text, schema, pointer);
      compiled.set(schema, known);
      return known;
    });
    const kept: number[] = [];
    for (let index = 0; index < batch.length; index++) {
      if (conditions[batch.schemaOf[index]!]!(batch, index)) kept.push(index);
    }
    return pickEvents(batch, kept);
  };
}
