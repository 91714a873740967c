import { gunzipSync } from 'node:zlib';
import { GetObjectCommand, ListObjectsV2Command, NoSuchKey, type S3Client } from '@aws-sdk/client-s3';

export interface Line {
  readonly __op: 'r' | 'c' | 'u' | 'd' | 't';
  readonly id: number;
  readonly version: number;
  readonly [column: string]: unknown;
}

// #region read
/**
 * The lines of all objects that manifests name and that are not in `seen`, oldest first. `seen` remembers the manifests: they are never changed, but
 * a restart may write one again, so remember names instead of deleting them.
 */
export async function* newLines(s3: S3Client, Bucket: string, seen: Set<string>): AsyncGenerator<Line> {
  const read = async (Key: string): Promise<Uint8Array> =>
    (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body!.transformToByteArray();
  for (let token: string | undefined, isLast = false; !isLast; ) {
    const page = await s3.send(
      new ListObjectsV2Command({ Bucket, Prefix: '_millrace/manifests/', ContinuationToken: token }),
    );
    for (const { Key } of page.Contents ?? []) {
      if (seen.has(Key!)) continue;
      const text = await read(Key!).catch((error: unknown) => {
        if (!(error instanceof NoSuchKey)) throw error;
      });
      // Some servers list an object just before it can be read: the next call reads it, and then what is newer.
      if (text === undefined) return;
      const manifest = JSON.parse(new TextDecoder().decode(text)) as { objects: { key: string }[] };
      for (const { key } of manifest.objects) {
        const lines = new TextDecoder().decode(gunzipSync(await read(key)));
        for (const line of lines.trimEnd().split('\n')) yield JSON.parse(line) as Line;
      }
      seen.add(Key!);
    }
    token = page.NextContinuationToken;
    isLast = token === undefined;
  }
}
// #endregion read
