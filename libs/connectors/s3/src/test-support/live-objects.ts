import type { TestBucket } from './test-bucket.ts';

interface Named {
  readonly replaces?: readonly string[];
  readonly objects: readonly { readonly key: string; readonly rows: number }[];
}

/** What a reader that goes by manifests has to read: what manifests and compactions name, without what compactions stand for. */
export async function liveObjects(bucket: TestBucket): Promise<string[]> {
  const keys = await bucket.allKeys();
  const texts = keys.filter(
    (key) => /_millrace\/(manifests|compactions)\/.*\d\.json$/.test(key) && !key.includes('/intents/'),
  );
  const named = await Promise.all(texts.map(async (key) => JSON.parse(await bucket.text(key)) as Named));
  const replaced = new Set(named.flatMap(({ replaces = [] }) => replaces));
  const live = named.flatMap(({ objects }) => objects.map(({ key }) => key)).filter((key) => !replaced.has(key));
  return live.sort();
}
