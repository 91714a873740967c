import { type BigIntStats, constants } from 'node:fs';
import { access, mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Entry, FileState, NewFile, OldFile, Storage } from './storage.ts';

const STREAM_BYTES = 131_072;

/** A directory that this machine sees. */
export class LocalStorage implements Storage {
  readonly writeBytes = 65_536;
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  async list(folder: string): Promise<readonly Entry[]> {
    const entries = await readdir(this.#path(folder), { withFileTypes: true });
    return entries.map((entry) => ({ name: entry.name, isDirectory: entry.isDirectory() }));
  }

  async state(path: string): Promise<FileState> {
    return stateOf(await stat(this.#path(path), { bigint: true }));
  }

  async open(path: string): Promise<OldFile> {
    const handle = await open(this.#path(path), constants.O_RDONLY | constants.O_NONBLOCK);
    return {
      read: (buffer, offset, length, position) => handle.read(buffer, offset, length, position),
      state: async () => stateOf(await handle.stat({ bigint: true })),
      close: () => handle.close(),
    };
  }

  async stream(path: string, end: number): Promise<Readable> {
    // The stream closes it.
    const handle = await open(this.#path(path), 'r');
    return handle.createReadStream({ highWaterMark: STREAM_BYTES, end: Math.max(0, end - 1) });
  }

  /** The handle stays open until the sync, so that no write error is missed. */
  async create(path: string): Promise<NewFile> {
    const handle = await open(this.#path(path), 'wx');
    return {
      append: (bytes) => handle.appendFile(bytes),
      sync: () => handle.sync(),
      close: () => handle.close(),
    };
  }

  mark(path: string): Promise<void> {
    return writeFile(this.#path(path), '');
  }

  makeFolder(path: string): Promise<void> {
    return mkdir(this.#path(path));
  }

  rename(path: string, target: string): Promise<void> {
    return rename(this.#path(path), this.#path(target));
  }

  remove(path: string): Promise<void> {
    return rm(this.#path(path), { force: true });
  }

  /** fsync(2): a file's own fsync does not sync its name. */
  async syncFolder(folder: string): Promise<void> {
    await using handle = await open(this.#path(folder), 'r');
    await handle.sync();
  }

  async check(right: 'read' | 'write'): Promise<void> {
    const { R_OK, W_OK, X_OK } = constants;
    await access(this.root, (right === 'read' ? R_OK : W_OK) | X_OK);
  }

  async close(): Promise<void> {}

  #path(path: string): string {
    return join(this.root, path);
  }
}

/** The number of an inode alone is given to another file later. */
const stateOf = (stats: BigIntStats): FileState => ({
  id: `${stats.ino.toString(36)}-${stats.birthtimeNs.toString(36)}`,
  size: Number(stats.size),
  modifiedNs: stats.mtimeNs,
  isFile: stats.isFile(),
});
