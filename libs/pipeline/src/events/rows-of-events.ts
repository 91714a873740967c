import { type Batch, rowBatch } from '@millrace/engine';
import { type ChangeBatch, isChangeBatch, NO_TRANSACTION, Op, type TableSchema } from '@millrace/formats';
import { assert } from '@millrace/kernel';
import {
  compileAggregate,
  compileExpression,
  type Expression,
  encodeText,
  type SqlType,
  type SqlValue,
} from '@millrace/sql';
import { EventReader } from './event-reader.ts';
import { EventScope } from './event-scope.ts';
import { type EventRow, formOf } from './row-form.ts';

/** An expression of the job document and where it stands. */
export interface NamedExpression {
  readonly name: string;
  readonly text: string;
  /** JSON pointer. */
  readonly pointer: string;
}

export interface RowsOfEventsOptions {
  readonly groups: readonly NamedExpression[];
  /** Aggregates whose inputs the rows must have. */
  readonly aggregates?: readonly NamedExpression[] | undefined;
  /** Plain expressions whose inputs the rows must have. */
  readonly values?: readonly NamedExpression[] | undefined;
  /** Event time. Absent: the time of the commit, of a loaded row the time it was read. */
  readonly timestamp?: NamedExpression | undefined;
}

const TIMESTAMPTZ: SqlType = { name: 'timestamptz' };
const MICROS_PER_MILLI = 1_000n;

/** What is taken out of events of one version of a table. */
interface Plan {
  readonly form: string;
  readonly groups: readonly Expression[];
  readonly timestamp: Expression | undefined;
  readonly reader: EventReader;
  readonly slots: readonly number[];
}

/**
 * Takes the values that a grouping needs out of change events, as rows with event times. A truncate has no row and is left out; of a
 * delete `before.x` is known. Compiled once for each version of a table.
 */
export function rowsOfEvents(options: RowsOfEventsOptions): (batch: Batch) => Batch | undefined {
  const plans = new WeakMap<TableSchema, Plan>();
  return (batch) => {
    assert(isChangeBatch(batch), 'a declarative stage reads change events');
    const batchPlans = batch.schemas.map((schema) => {
      const plan = plans.get(schema) ?? planRows(schema, options);
      plans.set(schema, plan);
      return plan;
    });
    const rows: EventRow[] = [];
    const times: number[] = [];
    for (let index = 0; index < batch.length; index++) {
      if (batch.op[index] === Op.Truncate) continue;
      const plan = batchPlans[batch.schemaOf[index]!]!;
      plan.reader.load(batch, index);
      rows.push({
        form: plan.form,
        key: plan.groups.map((group) => keyText(group.type, group.evaluate(plan.reader.read))),
        values: plan.slots.map((slot) => plan.reader.read(slot)),
      });
      times.push(timeOf(batch, index, plan));
    }
    const { stream } = batch;
    if (stream !== undefined) return { ...rowBatch(rows, undefined, Float64Array.from(times)), stream };
    return rows.length === 0 ? undefined : rowBatch(rows, undefined, Float64Array.from(times));
  };
}

/** The form of the rows that a table's events give. @throws MillraceError what compiling the expressions throws */
export const formOfTable = (schema: TableSchema, options: RowsOfEventsOptions): string =>
  planRows(schema, options).form;

function planRows(schema: TableSchema, { groups, aggregates = [], values = [], timestamp }: RowsOfEventsOptions): Plan {
  const keys = new EventScope(schema);
  const compiled = groups.map(({ text, pointer }) => compileExpression(text, keys, { pointer }));
  const time =
    timestamp && compileExpression(timestamp.text, keys, { pointer: timestamp.pointer, expects: TIMESTAMPTZ });
  // What goes into the rows has slots of its own: grouping values travel as texts.
  const scope = new EventScope(schema);
  const groupTypes = groups.map(({ text }, index) => ({ text, type: compiled[index]!.type }));
  for (const { text, pointer } of aggregates) compileAggregate(text, scope, { pointer, groups: groupTypes });
  for (const { text, pointer } of values) compileExpression(text, scope, { pointer });
  const form = formOf(
    scope,
    compiled.map(({ type }) => type),
  );
  const offset = keys.slots.length;
  return {
    form,
    groups: compiled,
    timestamp: time,
    reader: new EventReader(schema, [...keys.slots, ...scope.slots]),
    slots: scope.slots.map((_, slot) => offset + slot),
  };
}

function timeOf(batch: ChangeBatch, index: number, { timestamp, reader }: Plan): number {
  if (timestamp !== undefined) {
    const micros = timestamp.evaluate(reader.read) as bigint | null;
    return micros === null ? Number.NaN : Number(micros / MICROS_PER_MILLI);
  }
  const transaction = batch.transactionOf[index]!;
  if (transaction === NO_TRANSACTION) return batch.receivedMs;
  return Number(batch.transactions[transaction]!.commitTimeUs / MICROS_PER_MILLI);
}

/** Equal values have equal texts: a numeric is written without zeros at its end. */
function keyText(type: SqlType, value: SqlValue): string | null {
  const text = encodeText(type, value);
  return text !== null && type.name === 'numeric' && text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
