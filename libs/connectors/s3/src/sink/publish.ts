import { MillraceError } from '@millrace/kernel';
import type { Bucket } from '../bucket/bucket.ts';
import { PreparedLost } from '../errors.ts';
import type { PreparedGroup } from './prepared.ts';

/**
 * Shows what a snapshot has prepared: completes its uploads, then writes its manifest. Doing it again, or beside an older execution that does the same,
 * is harmless: an upload can be completed once only, keys belong to these very bytes, and the manifest is made of the saved state alone.
 *
 * A manifest that is there already means that all was shown before. Whoever waits for manifests may therefore move the objects at once.
 * @throws MillraceError `s3.prepared_lost` when an upload is neither prepared nor shown.
 */
export async function publish(bucket: Bucket, group: PreparedGroup): Promise<void> {
  if ((await bucket.size(group.manifestKey)) !== undefined) return;
  await Promise.all(group.manifest.objects.map((_, index) => complete(bucket, group, index)));
  await bucket.put(
    group.manifestKey,
    new TextEncoder().encode(`${JSON.stringify(group.manifest, null, 1)}\n`),
    'application/json',
  );
}

async function complete(bucket: Bucket, group: PreparedGroup, index: number): Promise<void> {
  const { key, bytes } = group.manifest.objects[index]!;
  const { uploadId, etags } = group.uploads[index]!;
  if (await bucket.completeUpload({ key, uploadId }, etags)) return;
  const size = await bucket.size(key);
  if (size === bytes) return;
  // Another execution of this snapshot may have got further meanwhile, and a reader of its manifest moved the object.
  if ((await bucket.size(group.manifestKey)) !== undefined) return;
  const found = size === undefined ? 'it is not there' : `it has ${size} bytes instead of ${bytes}`;
  throw new MillraceError(PreparedLost, {
    message: `snapshot ${group.snapshotId} has prepared ${key} in bucket ${bucket.name}, but its upload is gone and ${found}`,
    mend: 'Somebody aborted the upload (a lifecycle rule for incomplete uploads that is shorter than the outage?) or removed the object. Start the job anew with an initial load.',
    details: { bucket: bucket.name, key, snapshotId: group.snapshotId },
  });
}
