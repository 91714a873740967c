import { appendFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  describeSinkAtLeastOnce,
  describeSinkConnector,
  describeSourceConnector,
  type SinkDriver,
} from '@millrace/testing/acceptance';
import { filesSink } from './connector.ts';
import { filesSource } from './source/files-source.ts';
import { idsOf, visibleFiles } from './test-support/visible-files.ts';

const driver: SinkDriver = {
  connector: filesSink,
  fenced: /^files\.fenced$/,
  metrics: ['filesPublished'],
  module: { url: new URL('./connector.ts', import.meta.url).href, name: 'filesSink' },
  unreachable: async () => ({ directory: join(tmpdir(), 'millrace-no-such-directory') }),
  async open() {
    const directory = await mkdtemp(join(tmpdir(), 'millrace-files-'));
    return {
      config: { directory },
      stage: {},
      read: async () => idsOf(directory, await visibleFiles(directory)),
      leftovers: async () => (await readdir(join(directory, '.millrace'))).filter((name) => !name.endsWith('.fence')),
      [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
    };
  },
};

describeSinkConnector('files', driver);
describeSinkAtLeastOnce('files', driver);

describeSourceConnector('files', {
  connector: filesSource,
  metrics: ['rowsRead', 'bytesRead'],
  rowCounter: 'rowsRead',
  unreachable: async () => ({ directory: join(tmpdir(), 'millrace-no-such-directory') }),
  async open() {
    const directory = await mkdtemp(join(tmpdir(), 'millrace-files-'));
    let count = 0;
    return {
      config: { directory },
      stage: {
        files: '*.ndjson',
        poll: '100ms',
        table: 'public.orders',
        columns: { id: 'integer', note: 'text' },
        key: ['id'],
      },
      // Every other time to a file that is there.
      async insert(ids) {
        count += 1;
        const text = ids.map((id) => `{"id":${id},"note":"x"}\n`).join('');
        await appendFile(join(directory, `${String(count >> 1).padStart(6, '0')}.ndjson`), text);
      },
      [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
    };
  },
});
