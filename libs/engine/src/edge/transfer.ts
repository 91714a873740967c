import { types } from 'node:util';
import type { Batch, ColumnBatch, ColumnValues } from '../contract/batch.ts';

/**
 * Buffers that more than one consumer on this thread may read. Kept by buffer, not by batch: a processor may put the arrays
 * of a batch it received into a new one.
 */
const sharedBuffers = new WeakSet<ArrayBufferLike>();

/** Says that somebody else reads this batch as well: its buffers are cloned, never transferred. */
export function markShared(batch: Batch): void {
  if (batch.kind === 'columns') {
    for (const values of batch.columns) share('text' in values ? values.offsets : values);
    for (const mask of batch.nulls ?? []) share(mask);
    share(batch.times);
  } else if (batch.kind === 'rows') {
    share(batch.times);
  } else {
    for (const value of Object.values(batch)) share(value);
  }
}

function share(value: unknown): void {
  if (ArrayBuffer.isView(value)) sharedBuffers.add(value.buffer);
}

const ownsBuffer = (view: ArrayBufferView): boolean => view.byteLength === view.buffer.byteLength;

/** A copy with a buffer of its own; `Uint8Array.prototype.slice` because `Buffer`'s does not copy. */
function compact<V extends ArrayBufferView>(view: V): V {
  if (view instanceof Uint8Array) return Uint8Array.prototype.slice.call(view) as unknown as V;
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice();
  const Type = view.constructor as new (buffer: ArrayBuffer) => V;
  return new Type(bytes.buffer);
}

/** Collects what goes along with a posted batch. A view on a part of a buffer is copied: cloning it would copy the whole buffer. */
class Transfer {
  readonly buffers: ArrayBuffer[] = [];

  /** The view as it is posted. */
  take<V extends ArrayBufferView>(view: V): V {
    if (!types.isArrayBuffer(view.buffer)) return view;
    if (!ownsBuffer(view)) {
      const copy = compact(view);
      this.buffers.push(copy.buffer as ArrayBuffer);
      return copy;
    }
    if (!sharedBuffers.has(view.buffer) && !this.buffers.includes(view.buffer)) this.buffers.push(view.buffer);
    return view;
  }
}

/** The batch as it is posted to another thread and the buffers that go along. The caller gives the batch up. */
export function detach(batch: Batch): { readonly batch: Batch; readonly transfer: ArrayBuffer[] } {
  const transfer = new Transfer();
  if (batch.kind === 'columns') return { batch: detachColumns(batch, transfer), transfer: transfer.buffers };
  let replaced: Record<string, unknown> | undefined;
  for (const [name, value] of Object.entries(batch)) {
    if (!ArrayBuffer.isView(value)) continue;
    const taken = transfer.take(value);
    if (taken === value) continue;
    replaced ??= { ...batch };
    replaced[name] = taken;
  }
  return { batch: (replaced as Batch | undefined) ?? batch, transfer: transfer.buffers };
}

function detachColumns(batch: ColumnBatch, transfer: Transfer): ColumnBatch {
  const columns = batch.columns.map((values): ColumnValues => {
    if (ArrayBuffer.isView(values)) return transfer.take(values as ArrayBufferView & ColumnValues);
    return 'text' in values ? { text: values.text, offsets: transfer.take(values.offsets) } : values;
  });
  const nulls = batch.nulls?.map((mask) => mask && transfer.take(mask));
  return { ...batch, columns, nulls, times: batch.times && transfer.take(batch.times) };
}
