import { access, mkdir, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { MillraceError } from '@millrace/kernel';
import { fileError, PreparedLost } from './errors.ts';
import type { PreparedFile } from './names.ts';

/** Makes entries of a folder (new, renamed, removed files) survive a power cut. fsync(2): the file's own fsync doesn't. */
export async function syncFolder(path: string): Promise<void> {
  try {
    await using handle = await open(path, 'r');
    await handle.sync();
  } catch (error) {
    throw fileError(error, 'sync folder', path);
  }
}

/** Makes a folder below `root` with its parents, durably. `root` itself must be there. `ensured` remembers for one caller what is done. */
export async function ensureFolder(root: string, folder: string, ensured: Set<string>): Promise<void> {
  if (ensured.has(folder)) return;
  let path = root;
  for (const part of folder.split('/')) {
    const parent = path;
    path = join(path, part);
    try {
      await mkdir(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw fileError(error, 'create folder', path);
    }
    // Also when it was there: an attempt that died may not have got this far.
    await syncFolder(parent);
  }
  ensured.add(folder);
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/**
 * Shows prepared files by rename. Doing it again, or beside an older attempt that does the same, is harmless: the names belong to these
 * very bytes, and a file that has been renamed is not renamed again.
 * @throws MillraceError `files.prepared_lost` when a file is neither prepared nor shown.
 */
export async function publish(root: string, files: readonly PreparedFile[], ensured: Set<string>): Promise<void> {
  const folders = new Set(files.map(({ final }) => dirname(final)));
  for (const folder of folders) await ensureFolder(root, folder, ensured);
  for (const { temporary, final, snapshotId } of files) {
    const source = join(root, temporary);
    const target = join(root, final);
    try {
      await rename(source, target);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        throw fileError(error, 'rename a prepared file to', target);
      if (await exists(source)) {
        // Somebody removed the folder since it was made.
        await ensureFolder(root, dirname(final), new Set());
        await rename(source, target).catch((again: unknown) => {
          throw fileError(again, 'rename a prepared file to', target);
        });
        continue;
      }
      if (await exists(target)) continue;
      throw new MillraceError(
        PreparedLost,
        {
          message: `snapshot ${snapshotId} has prepared ${temporary} in ${root}, but neither that file nor ${final} is there`,
          mend: 'Somebody removed it. Restore the file from a backup, or start the job anew with an initial load.',
          details: { temporary, final, snapshotId },
        },
        { cause: error },
      );
    }
  }
  for (const folder of new Set([...folders, ...files.map(({ temporary }) => dirname(temporary))]))
    await syncFolder(join(root, folder));
}
