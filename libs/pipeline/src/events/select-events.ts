import {
  beforeColumns,
  type ChangeBatch,
  type Column,
  type ColumnKind,
  columnOf,
  NO_TUPLE,
  Op,
  projectBatch,
  projectSchema,
  type SelectedColumn,
  selectionOf,
  type TableSchema,
  TupleCursor,
  TupleWriter,
  UNCHANGED_LENGTH,
} from '@millrace/formats';
import { compileExpression, type Expression, encodeText, type SqlType, sqlTypeText } from '@millrace/sql';
import { EventReader } from './event-reader.ts';
import { EventScope, type Image } from './event-scope.ts';
import { EVENT_BYTES } from './pick-events.ts';
import type { NamedExpression } from './rows-of-events.ts';

/** An output column: a column of the table as it is, or a computed value. */
type Output = SelectedColumn | NamedExpression;

const isColumn = (output: Output): output is SelectedColumn => 'column' in output;

function outputOf(given: NamedExpression): Output {
  const column = columnOf(given.text);
  return column === undefined ? given : { name: given.name, column, pointer: given.pointer };
}

/** A select that computes: what it makes of a table's events of one shape. */
interface Plan {
  readonly schema: TableSchema;
  readonly after: readonly Field[];
  readonly before: readonly Field[];
  readonly readers: Readonly<Record<Image, EventReader>>;
}

/** How one output field is made: copied from a field of the tuple, computed, or not known of this image. */
type Field = { readonly copy: number } | { readonly compute: Expression } | undefined;

const KINDS: Readonly<Record<string, ColumnKind>> = {
  boolean: 'boolean',
  int2: 'integer',
  int4: 'integer',
  int8: 'bigint',
  numeric: 'exact',
  float4: 'float',
  float8: 'float',
  uuid: 'uuid',
  bytea: 'bytea',
  date: 'date',
  time: 'time',
  timestamp: 'timestamp',
  timestamptz: 'timestamptz',
  json: 'json',
  jsonb: 'json',
};

/** How a value of this SQL type is told to sinks. */
export const columnKind = (type: SqlType): ColumnKind => KINDS[type.name] ?? 'text';

/**
 * Reshapes rows: `{ id: after.id, eur: 'round(after.total * 0.92, 2)' }`. Operation, position and transaction stay; the key stays where all its
 * columns are selected as they are. Of the row before a change, what can be computed from what PostgreSQL sent is.
 */
export function selectEvents(given: readonly NamedExpression[]): (batch: ChangeBatch) => ChangeBatch {
  const outputs = given.map(outputOf);
  if (outputs.every(isColumn)) {
    const selection = selectionOf(outputs);
    return (batch) => projectBatch(batch, selection);
  }
  const plans = new WeakMap<TableSchema, Plan>();
  const rewriter = new Rewriter();
  return (batch) => {
    const batchPlans = batch.schemas.map((schema) => {
      const plan = plans.get(schema) ?? planSelect(schema, outputs);
      plans.set(schema, plan);
      return plan;
    });
    return rewriter.rewrite(batch, batchPlans);
  };
}

/** The table as it looks after the select, for preflight and for the stages behind. */
export const selectedSchema = (schema: TableSchema, given: readonly NamedExpression[]): TableSchema =>
  planSelect(schema, given.map(outputOf)).schema;

function planSelect(schema: TableSchema, outputs: readonly Output[]): Plan {
  const plain = outputs.filter(isColumn);
  // Which columns are the key is decided by the columns selected as they are.
  const projected = projectSchema(schema, selectionOf(plain)).columns;
  const known = new Set(beforeColumns(schema).map((column) => column.name));
  const scopes = { after: new EventScope(schema, 'after'), before: new EventScope(schema, 'before') };
  const columns: Column[] = [];
  const after: Field[] = [];
  const before: Field[] = [];
  for (const output of outputs) {
    const field = columns.length;
    if (isColumn(output)) {
      const column = projected[plain.indexOf(output)]!;
      columns.push({ ...column, field });
      after.push({ copy: column.field });
      before.push(known.has(output.column) ? { copy: column.field } : undefined);
      continue;
    }
    const { name, text, pointer } = output;
    const compute = compileExpression(text, scopes.after, { pointer });
    const { type } = compute;
    columns.push({ name, field, kind: columnKind(type), sqlType: sqlTypeText(type), key: false, nullable: true });
    after.push({ compute });
    before.push(
      computableBefore(compute, scopes.after, known)
        ? { compute: compileExpression(text, scopes.before, { pointer }) }
        : undefined,
    );
  }
  return {
    schema: { ...schema, columns, fieldCount: columns.length },
    after,
    before,
    readers: {
      after: new EventReader(schema, scopes.after.slots),
      before: new EventReader(schema, scopes.before.slots),
    },
  };
}

const computableBefore = ({ slots }: Expression, scope: EventScope, known: ReadonlySet<string>): boolean =>
  slots.every((slot) => {
    const source = scope.slots[slot]!;
    return source.of === 'event' || known.has(source.column.name);
  });

class Rewriter {
  readonly #writer = new TupleWriter();
  readonly #cursor = new TupleCursor();

  rewrite(batch: ChangeBatch, plans: readonly Plan[]): ChangeBatch {
    const before = new Int32Array(batch.length).fill(NO_TUPLE);
    const after = new Int32Array(batch.length).fill(NO_TUPLE);
    for (let index = 0; index < batch.length; index++) {
      if (batch.op[index] === Op.Truncate) continue;
      const plan = plans[batch.schemaOf[index]!]!;
      before[index] = this.#tuple(batch, index, plan, 'before');
      after[index] = this.#tuple(batch, index, plan, 'after');
    }
    const bytes = this.#writer.take();
    const byteLength = bytes.length + batch.length * EVENT_BYTES;
    return { ...batch, schemas: plans.map((plan) => plan.schema), bytes, byteLength, before, after };
  }

  #tuple(batch: ChangeBatch, index: number, plan: Plan, image: Image): number {
    const offset = batch[image][index]!;
    if (offset === NO_TUPLE) return NO_TUPLE;
    const cursor = this.#cursor;
    const writer = this.#writer;
    const reader = plan.readers[image];
    cursor.read(batch.bytes, offset);
    reader.load(batch, index);
    const at = writer.begin(plan.schema.fieldCount);
    for (const field of plan[image]) {
      if (field === undefined) {
        writer.addNull();
      } else if ('compute' in field) {
        const value = field.compute.evaluate(reader.read);
        if (value === null) writer.addNull();
        else writer.addText(encodeText(field.compute.type, value)!);
      } else {
        const length = cursor.lengths[field.copy]!;
        if (length >= 0) writer.addBytes(batch.bytes, cursor.starts[field.copy]!, length);
        else if (length === UNCHANGED_LENGTH) writer.addUnchanged();
        else writer.addNull();
      }
    }
    return at;
  }
}
