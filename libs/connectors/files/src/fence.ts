import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobIdentity } from '@millrace/connector-contract';
import { MillraceError } from '@millrace/kernel';
import { syncFolder } from './durable.ts';
import { Fenced, fileError } from './errors.ts';
import { fenceName, fenceOwner, HIDDEN_FOLDER, type TemporaryOwner, temporaryOwner } from './names.ts';

const hidden = (root: string): string => join(root, HIDDEN_FOLDER);

async function names(root: string): Promise<string[]> {
  try {
    return await readdir(hidden(root));
  } catch (error) {
    throw fileError(error, 'list', hidden(root));
  }
}

/**
 * Refuses when a newer attempt has put up its fence. A look, not a lock: what makes a late attempt harmless is that it can only rename files
 * whose snapshot was committed, to the names they have anyway, and never removes what is not older than itself.
 * @throws MillraceError `files.fenced`
 */
export async function checkFence(root: string, job: JobIdentity, owner: TemporaryOwner): Promise<void> {
  const newest = Math.max(0, ...(await names(root)).map((name) => fenceOwner(job, name)?.generation ?? 0));
  if (newest <= owner.generation) return;
  throw new MillraceError(Fenced, {
    message: `execution ${owner.generation} of job ${job.jobName} may not write to ${root}: execution ${newest} has taken over`,
    mend: `Nothing if the newer execution runs. If the counter of executions was reset (Redis emptied), remove the .fence files of job ${job.jobId} in ${hidden(root)}.`,
    details: { generation: owner.generation, newest },
  });
}

/** Puts up this attempt's fence; `sweep` takes the older ones down. */
export async function raiseFence(root: string, job: JobIdentity, owner: TemporaryOwner): Promise<void> {
  await checkFence(root, job, owner);
  const path = join(root, fenceName(job, owner));
  try {
    await writeFile(path, '');
    await syncFolder(hidden(root));
  } catch (error) {
    throw fileError(error, 'write', path);
  }
}

/** Removes temporary files and fences that attempts before this one left; `isMine` says whose writers' files this instance looks after. */
export async function sweep(
  root: string,
  job: JobIdentity,
  generation: number,
  isMine: (writer: number) => boolean,
): Promise<void> {
  for (const name of await names(root)) {
    const owner = temporaryOwner(job, name) ?? fenceOwner(job, name);
    if (owner !== undefined && owner.generation < generation && isMine(owner.writer))
      await rm(join(hidden(root), name), { force: true });
  }
}

/** Removes everything of a deleted job that is not visible. */
export async function removeHidden(root: string, job: JobIdentity): Promise<void> {
  for (const name of await names(root)) {
    if ((temporaryOwner(job, name) ?? fenceOwner(job, name)) !== undefined)
      await rm(join(hidden(root), name), { force: true });
  }
}
