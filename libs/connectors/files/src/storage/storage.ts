import type { Readable } from 'node:stream';

/** What a file is at a moment. */
export interface FileState {
  /** Stays with it when it is renamed, and is never another file's. */
  readonly id: string;
  readonly size: number;
  readonly modifiedNs: bigint;
  readonly isFile: boolean;
}

export interface Entry {
  readonly name: string;
  readonly isDirectory: boolean;
  /** Where the listing tells it. */
  readonly state?: FileState | undefined;
}

/** A file that is being written from its beginning. */
export interface NewFile {
  append(bytes: Uint8Array): Promise<void>;
  /** What was appended outlives a crash. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** A file that is read, whatever it is called by now. */
export interface OldFile {
  /** Reads up to `length` bytes from `position` on to `offset` of the buffer; 0 bytes: there are no more. */
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
  state(): Promise<FileState>;
  close(): Promise<void>;
}

/**
 * The directory of a connection, wherever it is. Paths are below it, with `/`. Errors are those of the operating system by their `code` (`ENOENT`, `EEXIST`, `ENOTDIR`, …), or
 * a `MillraceError`.
 */
export interface Storage {
  /** For messages. */
  readonly root: string;
  /** A file gathers so many bytes before they are written. */
  readonly writeBytes: number;
  /** Entries of a folder; `''` is the directory itself. */
  list(folder: string): Promise<readonly Entry[]>;
  /** Links are followed. */
  state(path: string): Promise<FileState>;
  open(path: string): Promise<OldFile>;
  /** Its bytes from the first to before `end`. */
  stream(path: string, end: number): Promise<Readable>;
  /** Fails when the file is there, at the latest when something is appended. */
  create(path: string): Promise<NewFile>;
  /** Makes an empty file, or leaves it as it is. */
  mark(path: string): Promise<void>;
  /** Its parent has to be there; `EEXIST`: so is the folder. */
  makeFolder(path: string): Promise<void>;
  /** In one step. `ENOENT`: the file or the folder that it is to come to is not there. */
  rename(path: string, target: string): Promise<void>;
  /** A file that is not there is fine. */
  remove(path: string): Promise<void>;
  /** What was made, renamed and removed in a folder outlives a crash. */
  syncFolder(folder: string): Promise<void>;
  /** Throws unless the directory is there and can be written to, or read. */
  check(right: 'read' | 'write'): Promise<void>;
  close(): Promise<void>;
}

/** The path of a file as messages have it. */
export const pathIn = ({ root }: Storage, path: string): string => (path === '' ? root : `${root}/${path}`);
