import { types } from 'node:util';
import type { Batch } from '../contract/batch.ts';

/**
 * Buffers that more than one consumer on this thread may read. Kept by buffer, not by batch: a processor may put the arrays
 * of a batch it received into a new one.
 */
const sharedBuffers = new WeakSet<ArrayBufferLike>();

/** Says that somebody else reads this batch as well: its buffers are cloned, never transferred. */
export function markShared(batch: Batch): void {
  if (batch.kind === 'rows') return;
  for (const value of Object.values(batch)) if (ArrayBuffer.isView(value)) sharedBuffers.add(value.buffer);
}

const ownsBuffer = (view: ArrayBufferView): boolean => view.byteLength === view.buffer.byteLength;

/** A copy with a buffer of its own; `Uint8Array.prototype.slice` because `Buffer`'s does not copy. */
function compact(view: ArrayBufferView): ArrayBufferView {
  if (view instanceof Uint8Array) return Uint8Array.prototype.slice.call(view);
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice();
  const Type = view.constructor as new (buffer: ArrayBuffer) => ArrayBufferView;
  return new Type(bytes.buffer);
}

/**
 * The batch as it is posted to another thread and the buffers that go along. The caller gives the batch up. A view on a part
 * of a buffer is copied first: cloning it would copy the whole buffer, transferring it would take the buffer from others.
 */
export function detach(batch: Batch): { readonly batch: Batch; readonly transfer: ArrayBuffer[] } {
  const transfer: ArrayBuffer[] = [];
  if (batch.kind === 'rows') return { batch, transfer };
  let replaced: Record<string, unknown> | undefined;
  for (const [name, value] of Object.entries(batch)) {
    if (!ArrayBuffer.isView(value) || !types.isArrayBuffer(value.buffer)) continue;
    if (ownsBuffer(value)) {
      if (!sharedBuffers.has(value.buffer) && !transfer.includes(value.buffer)) transfer.push(value.buffer);
    } else {
      const copy = compact(value);
      replaced ??= { ...batch };
      replaced[name] = copy;
      transfer.push(copy.buffer as ArrayBuffer);
    }
  }
  return { batch: (replaced as Batch | undefined) ?? batch, transfer };
}
