import { createHash } from 'node:crypto';
import type { OldFile } from '../storage/storage.ts';

/** What a file begins with tells whether it is still the one that was read. */
const HEAD_BYTES = 1_024;
const HASH_CHARACTERS = 22;

/** How far a file is read. Offsets are bytes of the file. */
export interface KnownFile {
  /** Below the directory; where it was found last. */
  readonly path: string;
  /** How often its content began anew. */
  readonly epoch: number;
  /** Everything before this is handed on; of whole files always 0. */
  readonly offset: number;
  /** Line feeds before `offset`. */
  readonly lines: number;
  /** Rows before `offset`. */
  readonly rows: number;
  /** Rows behind `offset` that are handed on. */
  readonly skip: number;
  /** Bytes that were there when it was looked at last. */
  readonly size: number;
  readonly head: Head;
  /** A whole file that is read to its end. */
  readonly isDone: boolean;
}

export interface Head {
  readonly bytes: number;
  readonly hash: string;
}

const NO_HEAD: Head = { bytes: 0, hash: '' };

export const newFile = (path: string, epoch = 0): KnownFile => ({
  path,
  epoch,
  offset: 0,
  lines: 0,
  rows: 0,
  skip: 0,
  size: 0,
  head: NO_HEAD,
  isDone: false,
});

async function hashOf(handle: OldFile, bytes: number): Promise<string> {
  const buffer = Buffer.alloc(bytes);
  let filled = 0;
  while (filled < bytes) {
    const { bytesRead } = await handle.read(buffer, filled, bytes - filled, filled);
    if (bytesRead === 0) return '';
    filled += bytesRead;
  }
  return createHash('sha256').update(buffer).digest('base64url').slice(0, HASH_CHARACTERS);
}

/** What a file begins with, of the bytes before `end`; `known` when that has enough. */
export async function headOf(handle: OldFile, end: number, known: Head = NO_HEAD): Promise<Head> {
  const bytes = Math.min(HEAD_BYTES, end);
  return known.bytes >= bytes ? known : { bytes, hash: await hashOf(handle, bytes) };
}

/** Does the file still begin as it did? */
export const isHead = async (handle: OldFile, { bytes, hash }: Head): Promise<boolean> =>
  bytes === 0 || (await hashOf(handle, bytes)) === hash;

type SavedFile = readonly [
  id: string,
  path: string,
  epoch: number,
  offset: number,
  lines: number,
  rows: number,
  skip: number,
  size: number,
  headBytes: number,
  hash: string,
  isDone: 0 | 1,
];

/** Files by their identity, as bytes of a snapshot. */
export function saveFiles(files: ReadonlyMap<string, KnownFile>): Uint8Array {
  const saved = Array.from(files, ([id, file]): SavedFile => {
    const { path, epoch, offset, lines, rows, skip, size, head, isDone } = file;
    return [id, path, epoch, offset, lines, rows, skip, size, head.bytes, head.hash, isDone ? 1 : 0];
  });
  return new TextEncoder().encode(JSON.stringify(saved));
}

export const restoreFiles = (bytes: Uint8Array): (readonly [id: string, file: KnownFile])[] =>
  (JSON.parse(new TextDecoder().decode(bytes)) as SavedFile[]).map(
    ([id, path, epoch, offset, lines, rows, skip, size, headBytes, hash, isDone]) => {
      const head = { bytes: headBytes, hash };
      return [id, { path, epoch, offset, lines, rows, skip, size, head, isDone: isDone === 1 }];
    },
  );

const POSITION_DIGITS = 15;

/** Of the row with this number, from 1, of the present content: unique among all files, and in order within one. */
export const positionOf = (id: string, { epoch }: KnownFile, row: number): string =>
  `${id}.${epoch}.${String(row).padStart(POSITION_DIGITS, '0')}`;
