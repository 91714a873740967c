import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Path of a program in these folders (default: PATH), or `undefined`. */
export function findProgram(name: string, folders = process.env['PATH'] ?? ''): string | undefined {
  for (const directory of folders.split(delimiter)) {
    const candidate = join(directory, name);
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      // not here
    }
  }
  return undefined;
}
