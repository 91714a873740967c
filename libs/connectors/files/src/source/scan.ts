import { globPattern, globPrefix } from '@millrace/formats/rows';
import { MillraceError } from '@millrace/kernel';
import { readError, TooManyFiles } from '../errors.ts';
import { type Entry, type FileState, pathIn, type Storage } from '../storage/storage.ts';
import type { KnownFile } from './known-file.ts';

/** Files a stage looks at: each costs some 200 bytes of state. */
const FILES_MAX = 100_000;

export interface FoundFile {
  readonly id: string;
  readonly path: string;
  readonly size: number;
  readonly modifiedNs: bigint;
}

const foundFile = (path: string, { id, size, modifiedNs }: FileState): FoundFile => ({ id, path, size, modifiedNs });

/** A look at the files below a directory. */
export class Scan {
  readonly #storage: Storage;
  readonly #glob: string;
  readonly #pattern: RegExp;

  constructor(storage: Storage, glob: string) {
    this.#storage = storage;
    this.#glob = glob;
    this.#pattern = globPattern(glob);
  }

  /**
   * Files that match, by path; and those of `known` that match no more but are still there, with the names they have now. These come first: what
   * was written to them is older.
   * @throws MillraceError `files.too_many`, `files.not_readable`, `files.directory_missing`
   */
  async look(known: ReadonlyMap<string, KnownFile>): Promise<readonly FoundFile[]> {
    const matching = new Map<string, FoundFile>();
    const prefix = globPrefix(this.#glob);
    await this.#visit(prefix.slice(0, prefix.lastIndexOf('/') + 1), matching);
    const renamed: FoundFile[] = [];
    const folders = new Map<string, ReadonlyMap<string, FoundFile>>();
    for (const [id, { path }] of known) {
      if (matching.has(id)) continue;
      const there = await this.#stat(path);
      const found = there?.id === id ? there : (await this.#filesOf(path, folders)).get(id);
      if (found !== undefined) renamed.push(found);
    }
    return [...renamed, ...[...matching.values()].sort((a, b) => (a.path < b.path ? -1 : 1))];
  }

  async #visit(folder: string, matching: Map<string, FoundFile>): Promise<void> {
    for (const entry of await this.#entries(folder)) {
      const path = folder + entry.name;
      if (entry.isDirectory) {
        if (this.#goesDeeper(path)) await this.#visit(`${path}/`, matching);
        continue;
      }
      if (!this.#pattern.test(path)) continue;
      const found = await this.#stat(path, entry.state);
      if (found !== undefined) matching.set(found.id, found);
      if (matching.size > FILES_MAX) throw this.#tooMany();
    }
  }

  #goesDeeper(path: string): boolean {
    return this.#glob.includes('**') || path.split('/').length < this.#glob.split('/').length;
  }

  /** Entries that are not hidden; none of a folder that is gone, unless it is the directory itself. */
  async #entries(folder: string): Promise<readonly Entry[]> {
    const path = folder.replace(/\/$/, '');
    try {
      const entries = await this.#storage.list(path);
      return entries.filter(({ name }) => !name.startsWith('.'));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (folder !== '' && (code === 'ENOENT' || code === 'ENOTDIR')) {
        // A whole directory that is away (not mounted) must not look like one without files.
        await this.#entries('');
        return [];
      }
      throw readError(error, 'list', pathIn(this.#storage, path));
    }
  }

  /** `undefined`: it is gone, or no file. Links are followed. */
  async #stat(path: string, listed?: FileState): Promise<FoundFile | undefined> {
    try {
      const state = listed ?? (await this.#storage.state(path));
      return state.isFile ? foundFile(path, state) : undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw readError(error, 'look at', pathIn(this.#storage, path));
    }
  }

  /** All files in the folder of this path, by identity: one that was renamed is there under another name. */
  async #filesOf(
    path: string,
    folders: Map<string, ReadonlyMap<string, FoundFile>>,
  ): Promise<ReadonlyMap<string, FoundFile>> {
    const folder = path.slice(0, path.lastIndexOf('/') + 1);
    const listed = folders.get(folder);
    if (listed !== undefined) return listed;
    const files = new Map<string, FoundFile>();
    for (const entry of await this.#entries(folder)) {
      const found = entry.isDirectory ? undefined : await this.#stat(folder + entry.name, entry.state);
      if (found !== undefined) files.set(found.id, found);
    }
    folders.set(folder, files);
    return files;
  }

  #tooMany(): MillraceError {
    return new MillraceError(TooManyFiles, {
      message: `more than ${FILES_MAX} files below ${this.#storage.root} match ${this.#glob}`,
      mend: 'Remove or move files that have been read, write larger ones, or narrow the glob.',
    });
  }
}
