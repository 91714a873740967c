import { access, constants, stat } from 'node:fs/promises';
import { defineSink, type Finding } from '@millrace/connector-contract';
import { refusesEvents } from '@millrace/formats/content';
import { type FilesConfig, type FilesStage, filesConfig, filesStage } from './config.ts';
import { fileError } from './errors.ts';
import { removeHidden } from './fence.ts';
import { FilesSinkProcessor } from './files-sink.processor.ts';

async function checkDirectory({ directory }: FilesConfig): Promise<readonly Finding[]> {
  try {
    const found = await stat(directory);
    if (!found.isDirectory()) {
      return [
        {
          code: 'files.directory_missing',
          severity: 'error',
          message: `${directory} is a file`,
          mend: 'Name a directory.',
          pointer: '/directory',
        },
      ];
    }
    await access(directory, constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code, message, mend } = fileError(error, 'write below', directory);
    return [{ code: code.code, severity: 'error', message, mend, pointer: '/directory' }];
  }
  return [
    {
      code: 'files.directory_writable',
      severity: 'ok',
      message: `${directory} is a directory this process may write to`,
    },
  ];
}

/** Files that appear, exactly once, when the snapshot that covers them is committed. */
export const filesSink = defineSink<FilesConfig, FilesStage>({
  type: 'files',
  role: 'sink',
  summary: 'Writes change events to NDJSON, CSV, Parquet or Avro files that appear by rename.',
  config: filesConfig,
  stage: filesStage,
  capabilities: { holds: 'changes', createsTarget: 'always', parallel: true },
  guarantees: [
    {
      mode: {},
      level: 'exactly-once',
      visible: 'at-snapshot',
      how: 'Rows go to hidden files that are flushed at the barrier and renamed when the snapshot is committed. A restart renames what its snapshot had prepared and removes the rest; an older execution is refused by a fence file.',
      needs: ['One file system for all members that may run the job.'],
    },
  ],
  check: checkDirectory,
  showsRowsAtOnce: () => false,
  checkStage: async ({ config }) => checkDirectory(config),
  refuses: refusesEvents,
  createSink: (options) => () => new FilesSinkProcessor(options),
  async dispose({ config, job }) {
    await removeHidden(config.directory, job).catch((error: unknown) => {
      // Nothing was ever written, or the directory is gone: nothing is left to remove.
      if (fileError(error, 'list', config.directory).code.code !== 'files.directory_missing') throw error;
    });
  },
});
