import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeSinkAtLeastOnce, describeSinkConnector, type SinkDriver } from '@millrace/testing/acceptance';
import { filesSink } from './connector.ts';
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
