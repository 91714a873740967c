import { TABLES } from './drive.ts';
import { EVENT_COUNT } from './scenario.ts';
import type { TestBucket } from './test-bucket.ts';

/**
 * What is wrong with the bucket after the whole scenario; empty when every event is there once and in its table's order, and the manifests
 * name exactly the objects that are there.
 */
export async function violations(bucket: TestBucket): Promise<string[]> {
  const keys = await bucket.keys();
  const found: string[] = [];
  for (const [index, folder] of ['public.orders/', 'public.%2E.%2Fodd%20name/'].entries()) {
    const ids = await bucket.ids(keys.filter((key) => key.startsWith(folder)));
    const wrongAt = ids.findIndex((id, at) => id !== at * TABLES.length + index);
    if (wrongAt >= 0 || ids.length !== EVENT_COUNT / TABLES.length)
      found.push(`${folder} has ${ids.length} events, the first wrong one at ${wrongAt}`);
  }
  const manifests = await bucket.manifests();
  const named = manifests.flatMap(({ objects }) => objects.map(({ key }) => key)).sort();
  if (JSON.stringify(named) !== JSON.stringify(keys))
    found.push(`manifests name ${named.join()}, but there are ${keys.join()}`);
  const rows = manifests.reduce((sum, manifest) => sum + manifest.rows, 0);
  if (rows !== EVENT_COUNT) found.push(`the manifests count ${rows} rows`);
  return found;
}
