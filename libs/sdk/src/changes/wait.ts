/** Resolves after `durationMs`, or when `signal` is aborted. @param isHolding keeps the process alive meanwhile: somebody waits for what follows */
export async function wait(durationMs: number, signal?: AbortSignal, isHolding = false): Promise<void> {
  if (signal?.aborted === true) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = later(durationMs, resolve, isHolding);
  signal?.addEventListener('abort', () => resolve(), { once: true });
  await promise;
  cancel();
}

/** Calls back once; the returned function cancels it. It does not keep the process alive, unless it is holding it. */
export function later(durationMs: number, callback: () => void, isHolding = false): () => void {
  const timer = globalThis.setTimeout(callback, durationMs);
  // A browser gives a number, and ends with its page.
  if (!isHolding) (timer as { unref?(): unknown }).unref?.();
  return () => globalThis.clearTimeout(timer);
}

/** Between half and the whole of it, so that many do not come at once. */
export const jittered = (durationMs: number, random: () => number): number => durationMs * (0.5 + random() / 2);

/** Before the n-th retry, from 1: doubled each time up to a limit, with jitter. */
export const backOff = (attempt: number, firstMs: number, mostMs: number, random: () => number): number =>
  jittered(Math.min(mostMs, firstMs * 2 ** Math.min(attempt - 1, 30)), random);
