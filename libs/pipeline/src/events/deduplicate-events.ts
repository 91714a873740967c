import type { ProcessorSupplier } from '@millrace/engine';
import { type ChangeBatch, NO_TRANSACTION, type TableSchema } from '@millrace/formats';
import { keepFirst } from '@millrace/operators';
import { compileExpression, type Expression, encodeText } from '@millrace/sql';
import { EventReader } from './event-reader.ts';
import { EventScope } from './event-scope.ts';
import { pickEvents } from './pick-events.ts';
import type { NamedExpression } from './rows-of-events.ts';

const MICROS_PER_MILLI = 1_000n;

interface Keys {
  readonly expressions: readonly Expression[];
  readonly reader: EventReader;
}

/** The values that make an event's key. */
function keyReader(by: readonly NamedExpression[]): (batch: ChangeBatch, index: number) => (string | null)[] {
  const compiled = new WeakMap<TableSchema, Keys>();
  const keysOf = (schema: TableSchema): Keys => {
    let keys = compiled.get(schema);
    if (keys === undefined) {
      const scope = new EventScope(schema);
      const expressions = by.map(({ text, pointer }) => compileExpression(text, scope, { pointer }));
      keys = { expressions, reader: new EventReader(schema, scope.slots) };
      compiled.set(schema, keys);
    }
    return keys;
  };
  return (batch, index) => {
    const { expressions, reader } = keysOf(batch.schemas[batch.schemaOf[index]!]!);
    reader.load(batch, index);
    return expressions.map((each) => encodeText(each.type, each.evaluate(reader.read)));
  };
}

/** Lets batches pass of whose events all have keys; `deduplicateEvents` itself could not leave one out any more. */
export function checkKeys(by: readonly NamedExpression[]): (batch: ChangeBatch) => ChangeBatch {
  const keyOf = keyReader(by);
  return (batch) => {
    for (let index = 0; index < batch.length; index++) keyOf(batch, index);
    return batch;
  };
}

/** Of events with equal values within a time only the first one; order, positions and transactions stay. */
export function deduplicateEvents(by: readonly NamedExpression[], withinMs: number): ProcessorSupplier {
  return keepFirst<ChangeBatch>({
    keyOf: keyReader(by),
    timeOf: (batch, index) => {
      const transaction = batch.transactionOf[index]!;
      if (transaction === NO_TRANSACTION) return batch.receivedMs;
      return Number(batch.transactions[transaction]!.commitTimeUs / MICROS_PER_MILLI);
    },
    withinMs,
    pick: pickEvents,
  });
}
