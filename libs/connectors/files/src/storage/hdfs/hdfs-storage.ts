import { Readable } from 'node:stream';
import { MillraceError } from '@millrace/kernel';
import { ReadFailed } from '../../errors.ts';
import type { Entry, FileState, NewFile, OldFile, Storage } from '../storage.ts';
import { BlockReader } from './block-reader.ts';
import { WebHdfs, type WebHdfsOptions } from './web-hdfs.ts';

const STREAM_BYTES = 4 * 1_024 * 1_024;
const NS_PER_MS = 1_000_000n;

interface FileStatus {
  readonly pathSuffix: string;
  readonly type: 'FILE' | 'DIRECTORY' | 'SYMLINK';
  readonly length: number;
  readonly modificationTime: number;
  /** 0 from file systems that have none. */
  readonly fileId?: number;
}

const errno = (code: string, path: string): Error => Object.assign(new Error(`${code}: ${path}`), { code });

/** A directory of HDFS, by WebHDFS. */
export class HdfsStorage implements Storage {
  /** An append is two requests and a pipeline of DataNodes. */
  readonly writeBytes = 8 * 1_024 * 1_024;
  readonly root: string;
  readonly #directory: string;
  readonly #hdfs: WebHdfs;

  constructor(directory: string, options: WebHdfsOptions) {
    this.#directory = directory.replace(/\/+$/, '');
    this.#hdfs = new WebHdfs(options);
    this.root = `hdfs:${this.#directory}`;
  }

  async list(folder: string): Promise<readonly Entry[]> {
    const path = this.#path(folder);
    const { FileStatuses } = await this.#hdfs.ask<{ FileStatuses: { FileStatus: readonly FileStatus[] } }>({
      method: 'GET',
      path,
      op: 'LISTSTATUS',
    });
    return FileStatuses.FileStatus.map((status) => {
      // The status of a file itself.
      if (status.pathSuffix === '') throw errno('ENOTDIR', path);
      const isDirectory = status.type === 'DIRECTORY';
      return { name: status.pathSuffix, isDirectory, state: stateOf(status, `${path}/${status.pathSuffix}`) };
    });
  }

  async state(path: string): Promise<FileState> {
    const whole = this.#path(path);
    const { FileStatus } = await this.#hdfs.ask<{ FileStatus: FileStatus }>({
      method: 'GET',
      path: whole,
      op: 'GETFILESTATUS',
    });
    return stateOf(FileStatus, whole);
  }

  async open(path: string): Promise<OldFile> {
    // There are no handles: what is opened is found by its name each time.
    const reader = new BlockReader((offset, length) => this.#read(path, offset, length));
    const { id } = await this.state(path);
    return {
      read: async (buffer, offset, length, position) => ({
        bytesRead: await reader.read(buffer, offset, length, position, async () => (await this.state(path)).size),
      }),
      state: async () => {
        const now = await this.state(path);
        if (now.id !== id) throw gone(path);
        return now;
      },
      close: async () => {},
    };
  }

  async stream(path: string, end: number): Promise<Readable> {
    const read = (offset: number, length: number) => this.#read(path, offset, length);
    return Readable.from(
      (async function* () {
        for (let at = 0; at < end; at += STREAM_BYTES) yield await read(at, Math.min(STREAM_BYTES, end - at));
      })(),
      { objectMode: false },
    );
  }

  async create(path: string): Promise<NewFile> {
    const whole = this.#path(path);
    let isThere = false;
    return {
      append: async (bytes) => {
        if (isThere) await this.#hdfs.send({ method: 'POST', path: whole, op: 'APPEND' }, bytes);
        else await this.#hdfs.send({ method: 'PUT', path: whole, op: 'CREATE', more: { overwrite: false } }, bytes);
        isThere = true;
      },
      // Each request ends with the file closed, and all DataNodes of its pipeline having it.
      sync: async () => {},
      close: async () => {},
    };
  }

  async mark(path: string): Promise<void> {
    const more = { overwrite: true };
    await this.#hdfs.send({ method: 'PUT', path: this.#path(path), op: 'CREATE', more });
  }

  async makeFolder(path: string): Promise<void> {
    // MKDIRS would make the parents, too.
    await this.state(path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '');
    await this.#hdfs.ask({ method: 'PUT', path: this.#path(path), op: 'MKDIRS' });
  }

  /** HDFS refuses a target that is there, where others would replace it. Either way a file is renamed once. */
  async rename(path: string, target: string): Promise<void> {
    const { boolean } = await this.#hdfs.ask<{ boolean: boolean }>({
      method: 'PUT',
      path: this.#path(path),
      op: 'RENAME',
      more: { destination: this.#path(target) },
    });
    if (!boolean) throw errno('ENOENT', path);
  }

  async remove(path: string): Promise<void> {
    await this.#hdfs.ask({ method: 'DELETE', path: this.#path(path), op: 'DELETE' });
  }

  /** The NameNode has written down what it has answered. */
  async syncFolder(): Promise<void> {}

  async check(right: 'read' | 'write'): Promise<void> {
    const more = { fsaction: right === 'read' ? 'r-x' : '-wx' };
    await this.#hdfs.send({ method: 'GET', path: this.#path(''), op: 'CHECKACCESS', more });
  }

  async close(): Promise<void> {
    this.#hdfs.close();
  }

  async #read(path: string, offset: number, length: number): Promise<Buffer> {
    try {
      return await this.#hdfs.send({ method: 'GET', path: this.#path(path), op: 'OPEN', more: { offset, length } });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw gone(path);
      throw error;
    }
  }

  #path(path: string): string {
    return path === '' ? this.#directory || '/' : `${this.#directory}/${path}`;
  }
}

const stateOf = ({ type, length, modificationTime, fileId = 0 }: FileStatus, path: string): FileState => ({
  id: fileId === 0 ? path : fileId.toString(36),
  size: length,
  modifiedNs: BigInt(modificationTime) * NS_PER_MS,
  isFile: type !== 'DIRECTORY',
});

const gone = (path: string): MillraceError =>
  new MillraceError(ReadFailed, {
    message: `${path} was renamed or removed while it was read`,
    mend: 'Nothing: the job looks for it again.',
  });
