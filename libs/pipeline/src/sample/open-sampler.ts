import type { Batch, ColumnBatch, Sampled, Sampler } from '@millrace/engine';
import {
  type ChangeBatch,
  changeEvents,
  formatLsn,
  isChangeBatch,
  isUnchanged,
  type Row,
  type TableSchema,
} from '@millrace/formats';
import { errorCode, MillraceError } from '@millrace/kernel';
import { referencedColumns } from '@millrace/sql';
import { type Condition, compileCondition } from '../events/filter-events.ts';
import { pickEvents } from '../events/pick-events.ts';
import { jsonValue } from './json-row.ts';

const NoFilter = errorCode('tail.no_filter', {
  domain: 'user',
  retry: 'after-repair',
  title: 'These rows cannot be filtered',
});

const US_PER_MS = 1_000n;
/** Stands for a large value that did not change and was not sent again. */
const NOT_SENT = { unchanged: true } as const;

/** Whether a filter can be read at all; whether it fits the rows is seen when they come. @throws MillraceError `sql.syntax` */
export function checkSampleFilter(filter: string): void {
  referencedColumns(filter, '/filter');
}

/**
 * Makes rows of any batch readable. The filter is a condition as in a job's `filter`, and is for change events only.
 * @throws MillraceError from the sampler: `tail.no_filter`, and what compiling the filter for a table throws
 */
export function openSampler({ filter }: { readonly filter?: string | undefined }): Sampler {
  const conditions = new WeakMap<object, Condition>();
  const conditionOf = (schema: ChangeBatch['schemas'][number]): Condition => {
    const known = conditions.get(schema) ?? compileCondition(filter!, schema, '/filter');
    conditions.set(schema, known);
    return known;
  };
  return (batch, rowsMax) => {
    if (isChangeBatch(batch)) return ofEvents(batch, rowsMax, filter === undefined ? undefined : conditionOf);
    if (filter !== undefined) {
      throw new MillraceError(NoFilter, {
        message: 'the rows of this edge are no change events, so the filter has no columns to name',
        mend: 'Look without a filter, or at an edge before the stage that makes other rows.',
      });
    }
    const length = Math.min(batch.length, rowsMax);
    return { rows: rowsOf(batch, length), examined: length };
  };
}

function ofEvents(
  batch: ChangeBatch,
  rowsMax: number,
  conditionOf: ((schema: ChangeBatch['schemas'][number]) => Condition) | undefined,
): Sampled {
  const indexes: number[] = [];
  let examined = 0;
  while (examined < batch.length && indexes.length < rowsMax) {
    const index = examined++;
    const holds = conditionOf === undefined || conditionOf(batch.schemas[batch.schemaOf[index]!]!)(batch, index);
    if (holds) indexes.push(index);
  }
  const picked = pickEvents(batch, indexes);
  const rows = changeEvents(picked).map((event, index) => ({
    op: event.op,
    table: `${event.schema}.${event.table}`,
    key: keyView(picked.schemas[picked.schemaOf[index]!]!, event.after ?? event.before),
    before: imageView(event.before),
    after: imageView(event.after),
    lsn: event.position === undefined ? null : formatLsn(event.position.commitLsn),
    commitTime:
      event.transaction === undefined
        ? null
        : new Date(Number(event.transaction.commitTimeUs / US_PER_MS)).toISOString(),
    isLoading: event.isLoading,
  }));
  return { rows, examined };
}

/** `null` of a truncate, and of a table without a key. */
function keyView({ columns }: TableSchema, row: Row | null): unknown {
  const names = columns.filter(({ key }) => key).map(({ name }) => name);
  if (row === null || names.length === 0) return null;
  return jsonValue(Object.fromEntries(names.map((name) => [name, row[name]])));
}

function imageView(row: Row | null): unknown {
  if (row === null) return null;
  return jsonValue(
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, isUnchanged(value) ? NOT_SENT : value])),
  );
}

function rowsOf(batch: Batch, length: number): unknown[] {
  if (batch.kind === 'rows') return batch.rows.slice(0, length).map((row) => jsonValue(row));
  if (batch.kind === 'bytes') return length === 0 ? [] : [`(${batch.length} rows as ${batch.format})`];
  return Array.from({ length }, (_, index) => columnsAt(batch, index));
}

function columnsAt({ schema, columns, nulls }: ColumnBatch, index: number): unknown {
  const entries = schema.fields.map(({ name, type }, column) => {
    if (nulls?.[column]?.[index] === 1) return [name, null];
    const values = columns[column]!;
    if ('text' in values) return [name, values.text.slice(values.offsets[index]!, values.offsets[index + 1]!)];
    const value: unknown = values[index];
    return [name, type === 'boolean' ? value === 1 || value === true : value];
  });
  return jsonValue(Object.fromEntries(entries));
}
