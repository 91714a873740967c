import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EVENT_COUNT } from './scenario.ts';

/** Files that are not hidden, relative to the directory, sorted. */
export async function visibleFiles(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('.millrace'))
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort();
}

/** The ids in the lines of these files, in order. */
export async function idsOf(directory: string, files: readonly string[]): Promise<number[]> {
  const texts = await Promise.all(files.map((file) => readFile(join(directory, file), 'utf8')));
  return texts.flatMap((text) =>
    text
      .split('\n')
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as { after: { id: number } }).after.id),
  );
}

/** What is wrong with the files after the whole scenario; empty when every event is there once and in its table's order. */
export async function violations(directory: string): Promise<string[]> {
  const files = await visibleFiles(directory);
  const found: string[] = [];
  for (const [parity, folder] of ['public.orders/', 'public.%2E.%2Fodd%20name/'].entries()) {
    const ids = await idsOf(
      directory,
      files.filter((file) => file.startsWith(folder)),
    );
    const wrongAt = ids.findIndex((id, index) => id !== index * 2 + parity);
    if (wrongAt >= 0 || ids.length !== EVENT_COUNT / 2)
      found.push(`${folder} has ${ids.length} events, the first wrong one at ${wrongAt}`);
  }
  return found;
}
