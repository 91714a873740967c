import type { JobIdentity } from '@millrace/connector-contract';
import { MillraceError } from '@millrace/kernel';
import { syncFolder } from './durable.ts';
import { Fenced, fileError } from './errors.ts';
import { fenceName, fenceOwner, HIDDEN_FOLDER, type TemporaryOwner, temporaryOwner } from './names.ts';
import { pathIn, type Storage } from './storage/storage.ts';

const hidden = (storage: Storage): string => pathIn(storage, HIDDEN_FOLDER);

async function names(storage: Storage): Promise<readonly string[]> {
  try {
    return (await storage.list(HIDDEN_FOLDER)).map(({ name }) => name);
  } catch (error) {
    throw fileError(error, 'list', hidden(storage));
  }
}

/**
 * Refuses when a newer attempt has put up its fence. A look, not a lock: what makes a late attempt harmless is that it can only rename files
 * whose snapshot was committed, to the names they have anyway, and never removes what is not older than itself.
 * @throws MillraceError `files.fenced`
 */
export async function checkFence(storage: Storage, job: JobIdentity, owner: TemporaryOwner): Promise<void> {
  const newest = Math.max(0, ...(await names(storage)).map((name) => fenceOwner(job, name)?.generation ?? 0));
  if (newest <= owner.generation) return;
  throw new MillraceError(Fenced, {
    message: `execution ${owner.generation} of job ${job.jobName} may not write to ${storage.root}: execution ${newest} has taken over`,
    mend: `Nothing if the newer execution runs. If the counter of executions was reset (Redis emptied), remove the .fence files of job ${job.jobId} in ${hidden(storage)}.`,
    details: { generation: owner.generation, newest },
  });
}

/** Puts up this attempt's fence; `sweep` takes the older ones down. */
export async function raiseFence(storage: Storage, job: JobIdentity, owner: TemporaryOwner): Promise<void> {
  await checkFence(storage, job, owner);
  const path = fenceName(job, owner);
  try {
    await storage.mark(path);
    await syncFolder(storage, HIDDEN_FOLDER);
  } catch (error) {
    throw fileError(error, 'write', pathIn(storage, path));
  }
}

/** Removes temporary files and fences that attempts before this one left; `isMine` says whose writers' files this instance looks after. */
export async function sweep(
  storage: Storage,
  job: JobIdentity,
  generation: number,
  isMine: (writer: number) => boolean,
): Promise<void> {
  for (const name of await names(storage)) {
    const owner = temporaryOwner(job, name) ?? fenceOwner(job, name);
    if (owner !== undefined && owner.generation < generation && isMine(owner.writer))
      await storage.remove(`${HIDDEN_FOLDER}/${name}`);
  }
}

/** Removes everything of a deleted job that is not visible. */
export async function removeHidden(storage: Storage, job: JobIdentity): Promise<void> {
  for (const name of await names(storage)) {
    if ((temporaryOwner(job, name) ?? fenceOwner(job, name)) !== undefined)
      await storage.remove(`${HIDDEN_FOLDER}/${name}`);
  }
}
