import { ulids } from '@millrace/kernel';
import { freePort, testHdfs } from '@millrace/testing';
import { describeSinkConnector, describeSourceConnector } from '@millrace/testing/acceptance';
import { filesSink } from './connector.ts';
import { filesSource } from './source/files-source.ts';
import { hdfsFolder } from './test-support/hdfs-folder.ts';

const unreachable = async () => ({ nameNodes: [`http://127.0.0.1:${await freePort()}`] });

describeSinkConnector('files on HDFS', {
  connector: filesSink,
  fenced: /^files\.fenced$/,
  metrics: ['filesPublished'],
  module: { url: new URL('./connector.ts', import.meta.url).href, name: 'filesSink' },
  unreachable,
  async open() {
    const folder = await hdfsFolder((await testHdfs()).url, `/${ulids.next()}`);
    return {
      config: folder.config,
      stage: { format: 'ndjson', deletes: 'skip' },
      read: async () => (await folder.lines()).map((line) => (JSON.parse(line) as { id: number }).id),
      leftovers: async () => (await folder.hidden()).filter((name) => !name.endsWith('.fence')),
      [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
    };
  },
});

describeSourceConnector('files on HDFS', {
  connector: filesSource,
  metrics: ['rowsRead', 'bytesRead'],
  rowCounter: 'rowsRead',
  unreachable,
  async open() {
    const folder = await hdfsFolder((await testHdfs()).url, `/${ulids.next()}`);
    let count = 0;
    return {
      config: folder.config,
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
        await folder.append(`${String(count >> 1).padStart(6, '0')}.ndjson`, text);
      },
      [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
    };
  },
});
