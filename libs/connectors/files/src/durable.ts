import { dirname } from 'node:path/posix';
import { MillraceError } from '@millrace/kernel';
import { fileError, PreparedLost } from './errors.ts';
import type { PreparedFile } from './names.ts';
import { pathIn, type Storage } from './storage/storage.ts';

/** Makes entries of a folder (new, renamed, removed files) survive a power cut. */
export async function syncFolder(storage: Storage, folder: string): Promise<void> {
  try {
    await storage.syncFolder(folder);
  } catch (error) {
    throw fileError(error, 'sync folder', pathIn(storage, folder));
  }
}

/** Makes a folder with its parents, durably. The directory itself must be there. `ensured` remembers for one caller what is done. */
export async function ensureFolder(storage: Storage, folder: string, ensured: Set<string>): Promise<void> {
  if (ensured.has(folder)) return;
  let path = '';
  for (const part of folder.split('/')) {
    const parent = path;
    path = parent === '' ? part : `${parent}/${part}`;
    try {
      await storage.makeFolder(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
        throw fileError(error, 'create folder', pathIn(storage, path));
    }
    // Also when it was there: an attempt that died may not have got this far.
    await syncFolder(storage, parent);
  }
  ensured.add(folder);
}

const exists = (storage: Storage, path: string): Promise<boolean> =>
  storage.state(path).then(
    () => true,
    () => false,
  );

/**
 * Shows prepared files by rename. Doing it again, or beside an older attempt that does the same, is harmless: the names belong to these
 * very bytes, and a file that has been renamed is not renamed again.
 * @throws MillraceError `files.prepared_lost` when a file is neither prepared nor shown.
 */
export async function publish(storage: Storage, files: readonly PreparedFile[], ensured: Set<string>): Promise<void> {
  const folders = new Set(files.map(({ final }) => dirname(final)));
  for (const folder of folders) await ensureFolder(storage, folder, ensured);
  for (const { temporary, final, snapshotId } of files) {
    const target = pathIn(storage, final);
    try {
      await storage.rename(temporary, final);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        throw fileError(error, 'rename a prepared file to', target);
      if (await exists(storage, temporary)) {
        // Somebody removed the folder since it was made.
        await ensureFolder(storage, dirname(final), new Set());
        await storage.rename(temporary, final).catch((again: unknown) => {
          throw fileError(again, 'rename a prepared file to', target);
        });
        continue;
      }
      if (await exists(storage, final)) continue;
      throw new MillraceError(
        PreparedLost,
        {
          message: `snapshot ${snapshotId} has prepared ${temporary} in ${storage.root}, but neither that file nor ${final} is there`,
          mend: 'Somebody removed it. Restore the file from a backup, or start the job anew with an initial load.',
          details: { temporary, final, snapshotId },
        },
        { cause: error },
      );
    }
  }
  for (const folder of new Set([...folders, ...files.map(({ temporary }) => dirname(temporary))]))
    await syncFolder(storage, folder);
}
