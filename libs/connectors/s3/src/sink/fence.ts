import type { JobIdentity } from '@millrace/connector-contract';
import { MillraceError } from '@millrace/kernel';
import type { Bucket } from '../bucket/bucket.ts';
import { Fenced } from '../errors.ts';
import { fenceKey, fenceOwner, fencePrefix, type Owner, objectOwner } from '../naming/keys.ts';

/** Where one job's stage writes. */
export interface Place {
  /** Of everything, from the connection. */
  readonly prefix: string;
  readonly job: JobIdentity;
  /** What all of its objects begin with. */
  readonly objects: string;
}

/**
 * Refuses when a newer execution has put up its fence. A look, not a lock. What makes a late execution harmless is that it completes only what a
 * committed snapshot had prepared, and the newer one has shown that already.
 * @throws MillraceError `s3.fenced`
 */
export async function checkFence(bucket: Bucket, { prefix, job }: Place, owner: Owner): Promise<void> {
  let newest = 0;
  for await (const key of bucket.listKeys(fencePrefix(prefix, job)))
    newest = Math.max(newest, fenceOwner(key)?.generation ?? 0);
  if (newest <= owner.generation) return;
  throw new MillraceError(Fenced, {
    message: `execution ${owner.generation} of job ${job.jobName} may not write to bucket ${bucket.name}: execution ${newest} has taken over`,
    mend: `Nothing if the newer execution runs. If the counter of executions was reset (Redis emptied), remove the objects below ${fencePrefix(prefix, job)}.`,
    details: { generation: owner.generation, newest },
  });
}

/** Puts up this execution's fence; `sweep` takes the older ones down. */
export async function raiseFence(bucket: Bucket, place: Place, owner: Owner): Promise<void> {
  await checkFence(bucket, place, owner);
  await bucket.put(fenceKey(place.prefix, place.job, owner), new Uint8Array(), 'text/plain');
}

/** Aborts uploads and removes fences that pass `isOld`. */
export async function sweep(
  bucket: Bucket,
  { prefix, job, objects }: Place,
  isOld: (owner: Owner) => boolean,
): Promise<void> {
  for await (const upload of bucket.listUploads(objects)) {
    const owner = objectOwner(job, upload.key);
    if (owner !== undefined && isOld(owner)) await bucket.abortUpload(upload);
  }
  for await (const key of bucket.listKeys(fencePrefix(prefix, job))) {
    const owner = fenceOwner(key);
    if (owner !== undefined && isOld(owner)) await bucket.remove(key);
  }
}
