/** Runs a task for every item, at most `width` at the same time; the first failure is thrown after its batch has ended. */
export async function inBatches<T>(
  items: readonly T[],
  width: number,
  task: (item: T) => Promise<void>,
): Promise<void> {
  for (let start = 0; start < items.length; start += width) {
    const results = await Promise.allSettled(items.slice(start, start + width).map(task));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }
}
