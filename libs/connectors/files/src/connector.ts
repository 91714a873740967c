import { defineSink, type Finding } from '@millrace/connector-contract';
import { refusesEvents } from '@millrace/formats/content';
import { type FilesConfig, type FilesStage, filesConfig, filesStage } from './config.ts';
import { fileError } from './errors.ts';
import { removeHidden } from './fence.ts';
import { FilesSinkProcessor } from './files-sink.processor.ts';
import { storageOf } from './storage/storage-of.ts';

async function checkDirectory(config: FilesConfig): Promise<readonly Finding[]> {
  const storage = storageOf(config);
  try {
    if ((await storage.state('')).isFile) {
      return [
        {
          code: 'files.directory_missing',
          severity: 'error',
          message: `${storage.root} is a file`,
          mend: 'Name a directory.',
          pointer: '/directory',
        },
      ];
    }
    await storage.check('write');
  } catch (error) {
    const { code, message, mend } = fileError(error, 'write below', storage.root);
    return [{ code: code.code, severity: 'error', message, mend, pointer: '/directory' }];
  } finally {
    await storage.close();
  }
  return [
    {
      code: 'files.directory_writable',
      severity: 'ok',
      message: `${storage.root} is a directory this process may write to`,
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
    const storage = storageOf(config);
    try {
      await removeHidden(storage, job);
    } catch (error) {
      // Nothing was ever written, or the directory is gone: nothing is left to remove.
      if (fileError(error, 'list', storage.root).code.code !== 'files.directory_missing') throw error;
    } finally {
      await storage.close();
    }
  },
});
