import { type ColumnBatch, type ColumnValues, type RowBatch, rowBatch, type StringColumn } from '@millrace/engine';
import { gather } from './gather.ts';

type Splittable = RowBatch | ColumnBatch;

/** Splits a batch: row i goes to target `targets[i]`. Order within a target is kept; a batch that goes whole to one target is that one's. */
export function scatter(
  batch: Splittable,
  targets: Uint16Array,
  targetCount: number,
): readonly (Splittable | undefined)[] {
  const counts = new Int32Array(targetCount);
  for (let index = 0; index < batch.length; index++) counts[targets[index]!]! += 1;
  const whole = counts.indexOf(batch.length);
  if (whole >= 0) return Array.from({ length: targetCount }, (_, target) => (target === whole ? batch : undefined));
  const indexes = indexesOf(targets, counts, batch.length);
  return indexes.map((own) => (own.length === 0 ? undefined : take(batch, own)));
}

function indexesOf(targets: Uint16Array, counts: Int32Array, length: number): readonly Int32Array[] {
  const indexes = Array.from(counts, (count) => new Int32Array(count));
  const used = new Int32Array(counts.length);
  for (let index = 0; index < length; index++) {
    const target = targets[index]!;
    indexes[target]![used[target]!] = index;
    used[target]! += 1;
  }
  return indexes;
}

/** The rows at these indexes, in this order. */
export function take(batch: Splittable, indexes: Int32Array): Splittable {
  const length = indexes.length;
  const times = batch.times === undefined ? undefined : gather(batch.times, indexes, new Float64Array(length));
  const byteLength = Math.ceil((batch.byteLength * length) / batch.length);
  if (batch.kind === 'rows') {
    return rowBatch(takeAny(batch.rows, indexes), byteLength, times);
  }
  const columns = batch.columns.map((column) => takeValues(column, indexes));
  const nulls = batch.nulls?.map((mask) => mask && gather(mask, indexes, new Uint8Array(length)));
  return { kind: 'columns', length, byteLength, schema: batch.schema, columns, nulls, times };
}

function takeValues(column: ColumnValues, indexes: Int32Array): ColumnValues {
  const length = indexes.length;
  if (column instanceof Int32Array) return gather(column, indexes, new Int32Array(length));
  if (column instanceof Float64Array) return gather(column, indexes, new Float64Array(length));
  if (column instanceof Uint8Array) return gather(column, indexes, new Uint8Array(length));
  if (column instanceof BigInt64Array) {
    const values = new BigInt64Array(length);
    for (let at = 0; at < length; at++) values[at] = column[indexes[at]!]!;
    return values;
  }
  if ('text' in column) return takeStrings(column, indexes);
  return takeAny(column, indexes);
}

/** Pushed, because an array made with holes stays one for V8, and is slow to read and to clone. */
function takeAny(values: readonly unknown[], indexes: Int32Array): unknown[] {
  const taken: unknown[] = [];
  for (let at = 0; at < indexes.length; at++) taken.push(values[indexes[at]!]);
  return taken;
}

function takeStrings({ text, offsets }: StringColumn, indexes: Int32Array): StringColumn {
  const length = indexes.length;
  const own = new Uint32Array(length + 1);
  let joined = '';
  for (let at = 0; at < length; at++) {
    joined += text.slice(offsets[indexes[at]!], offsets[indexes[at]! + 1]);
    own[at + 1] = joined.length;
  }
  return { text: joined, offsets: own };
}
