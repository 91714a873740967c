/** Items that a list shows at most; the API has more. */
export const ITEMS_MAX = 1_000;
export const PAGE_SIZE = 200;

interface PageOf<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

/** Reads a list page by page, to its end or to `ITEMS_MAX`. */
export async function allPages<T>(read: (cursor: string | undefined) => Promise<PageOf<T>>): Promise<readonly T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await read(cursor);
    items.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined && items.length < ITEMS_MAX);
  return items;
}
