import { defineSource, type Finding } from '@millrace/connector-contract';
import { MillraceError } from '@millrace/kernel';
import { type FilesConfig, filesConfig } from '../config.ts';
import { readError } from '../errors.ts';
import { storageOf } from '../storage/storage-of.ts';
import { FilesSourceProcessor } from './files-source.processor.ts';
import { Scan } from './scan.ts';
import { type FilesSourceStage, filesSourceStage, rowSchema } from './source-config.ts';

async function checkReadable(config: FilesConfig): Promise<readonly Finding[]> {
  const storage = storageOf(config);
  try {
    await storage.check('read');
    await new Scan(storage, '*').look(new Map());
  } catch (error) {
    const { code, message, mend } = readError(error, 'read below', storage.root);
    return [{ code: code.code, severity: 'error', message, mend, pointer: '/directory' }];
  } finally {
    await storage.close();
  }
  const message = `${storage.root} is a directory this process may read`;
  return [{ code: 'files.directory_readable', severity: 'ok', message }];
}

/** Warns of a glob that nothing matches yet. */
async function checkGlob(config: FilesConfig, { files, follow }: FilesSourceStage): Promise<readonly Finding[]> {
  const storage = storageOf(config);
  try {
    if ((await new Scan(storage, files).look(new Map())).length > 0) return [];
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    return [{ code: error.code.code, severity: 'error', message: error.message, mend: error.mend, pointer: '/files' }];
  } finally {
    await storage.close();
  }
  const mend = follow ? 'Nothing if they are to come; else correct the glob.' : 'Correct the glob.';
  const message = `no file below ${storage.root} matches ${files} now`;
  return [{ code: 'files.none_match', severity: 'warning', message, mend, pointer: '/files' }];
}

/** Rows of the files that match a glob, and then of lines and files that come. */
export const filesSource = defineSource<FilesConfig, FilesSourceStage>({
  type: 'files',
  role: 'source',
  summary:
    'Reads NDJSON, CSV, text, Parquet or Avro files, lines that are appended to them, and files that come later.',
  config: filesConfig,
  stage: filesSourceStage,
  capabilities: { initialLoad: true, follows: 'option', changes: false, parallel: true },
  guarantees: [
    {
      mode: {},
      level: 'exactly-once',
      how: 'Which files were read, and up to which byte and row, is part of the snapshot; a file is known by its inode and its beginning, also when it was renamed. One that was truncated is read from its beginning. Bytes that were seen and are gone before they were read stop the job.',
      needs: [
        'One file system for all members that may run the job.',
        'What was written since the last snapshot is still there after a restart: rotate by rename, and keep the renamed file in its folder that long.',
      ],
    },
  ],
  check: checkReadable,
  describe: async ({ config, stage }) => {
    const findings = await checkReadable(config);
    const isReadable = findings.every(({ severity }) => severity === 'ok');
    return {
      shape: { tables: [rowSchema(stage)] },
      findings: isReadable ? [...findings, ...(await checkGlob(config, stage))] : findings,
    };
  },
  // Of Parquet and Avro a whole part is damaged, not a row. A line that comes back has lost its position.
  refuses: ({ format, metadata }) => format !== 'parquet' && format !== 'avro' && !metadata,
  createSource: (options) => () => new FilesSourceProcessor(options),
});
