import { type ErrorCode, errorCode, MillraceError } from '@millrace/kernel';

export const DiskFull = errorCode('files.disk_full', {
  domain: 'external',
  retry: 'after-repair',
  title: 'No space left for the files',
});
export const NotWritable = errorCode('files.not_writable', {
  domain: 'external',
  retry: 'after-repair',
  title: 'The directory is not writable',
});
export const DirectoryMissing = errorCode('files.directory_missing', {
  domain: 'external',
  retry: 'after-repair',
  title: 'The directory does not exist',
});
export const OtherFileSystem = errorCode('files.other_file_system', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The path leads to another file system',
});
export const PreparedLost = errorCode('files.prepared_lost', {
  domain: 'external',
  retry: 'after-repair',
  title: 'A prepared file is gone',
});
export const Fenced = errorCode('files.fenced', {
  domain: 'internal',
  retry: 'never',
  title: 'A newer execution writes these files',
});
export const FileFailed = errorCode('files.failed', {
  domain: 'external',
  retry: 'later',
  title: 'A file operation failed',
});

export const HdfsUnreachable = errorCode('files.hdfs_unreachable', {
  domain: 'external',
  retry: 'later',
  title: 'HDFS does not answer',
});
export const HdfsRefused = errorCode('files.hdfs_refused', {
  domain: 'external',
  retry: 'later',
  title: 'HDFS refuses a request',
});

const ValueNotResent = errorCode('files.value_not_resent', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A line of CSV or a row of Parquet lacks a value',
  ofRecord: true,
});
const ValueUnsupported = errorCode('files.value_unsupported', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A value that the format cannot hold',
  ofRecord: true,
});
export const NotReadable = errorCode('files.not_readable', {
  domain: 'external',
  retry: 'after-repair',
  title: 'A file or directory is not readable',
});
export const LineRefused = errorCode('files.line_refused', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A line of a file does not fit its columns',
});
export const LineTooLong = errorCode('files.line_too_long', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A line of a file is too long',
});
export const UnreadLost = errorCode('files.unread_lost', {
  domain: 'external',
  retry: 'after-repair',
  title: 'Bytes that were not read are gone',
});
export const FileChanged = errorCode('files.file_changed', {
  domain: 'external',
  retry: 'after-repair',
  title: 'A file changed that was taken as whole',
});
export const ReadFailed = errorCode('files.read_failed', {
  domain: 'external',
  retry: 'later',
  title: 'Reading a file was cut off',
});
export const RowGroupTooLarge = errorCode('files.row_group_too_large', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A row group of Parquet is too large',
});
export const TooManyFiles = errorCode('files.too_many', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Too many files to remember',
});

const BY_ERRNO: Readonly<Record<string, readonly [code: ErrorCode, mend: (path: string) => string]>> = {
  ENOSPC: [DiskFull, (path) => `Free space on the file system of ${path}, then resume the job.`],
  EDQUOT: [DiskFull, (path) => `Raise the quota on the file system of ${path} or remove files, then resume the job.`],
  EACCES: [NotWritable, (path) => `Give the worker's user write and search rights on ${path}.`],
  EPERM: [NotWritable, (path) => `Give the worker's user write and search rights on ${path}.`],
  EROFS: [NotWritable, (path) => `Mount the file system of ${path} for writing.`],
  ENOENT: [
    DirectoryMissing,
    (path) => `Create the directory (mkdir -p) of ${path}, owned by the worker's user, on every member.`,
  ],
  ENOTDIR: [DirectoryMissing, (path) => `A part of ${path} is a file: move it away or choose another directory.`],
  EXDEV: [
    OtherFileSystem,
    (path) =>
      `Files become visible by rename, so everything below the directory must be one file system; unmount what is at ${path}.`,
  ],
};

/** The coded error of a failed file operation; errors that have a code of ours already pass through. */
export function fileError(error: unknown, operation: string, path: string): MillraceError {
  if (error instanceof MillraceError) return error;
  const errno = (error as NodeJS.ErrnoException | undefined)?.code ?? 'unknown';
  const [code, mend] = BY_ERRNO[errno] ?? [FileFailed, () => undefined];
  const info = { message: `can't ${operation} ${path}: ${errno}`, mend: mend(path), details: { path, errno } };
  return new MillraceError(code, info, { cause: error });
}

/** For what the formats cannot hold. */
export const CONTENT_CODES = { valueNotResent: ValueNotResent, valueUnsupported: ValueUnsupported };

/** As `fileError`, of what only reads. */
export function readError(error: unknown, operation: string, path: string): MillraceError {
  const errno = (error as NodeJS.ErrnoException | undefined)?.code ?? '';
  if (error instanceof MillraceError || (errno !== 'EACCES' && errno !== 'EPERM'))
    return fileError(error, operation, path);
  const message = `can't ${operation} ${path}: ${errno}`;
  const mend = `Give the worker's user read rights on ${path}, and search rights on its folders.`;
  return new MillraceError(NotReadable, { message, mend, details: { path, errno } }, { cause: error });
}

/** @param place such as "line 7" */
export const lineRefused = (path: string, place: string, reason: string, cause: unknown): MillraceError =>
  new MillraceError(
    LineRefused,
    {
      message: `${place} of ${path}: ${reason}`,
      mend: 'Correct the file or the columns of the stage, or set onError so that such lines become dead letters.',
      details: { path, place },
    },
    { cause },
  );

export const fileChanged = (path: string): MillraceError =>
  new MillraceError(FileChanged, {
    message: `${path} was written again while it was read, or after it`,
    mend: 'Put the file back as it was, or start the job anew. Files that are not lines must appear by rename and not change; files that grow need appends: true.',
    details: { path },
  });
