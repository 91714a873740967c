import { freePort, testOpensearch } from '@millrace/testing';
import { describeSinkConnector, type SinkDriver } from '@millrace/testing/acceptance';
import { opensearchSink } from './sink/opensearch-sink.ts';
import { testIndex } from './test-support/test-index.ts';

const driver = (mode: 'upsert' | 'append'): SinkDriver => ({
  connector: opensearchSink,
  fenced: /^opensearch\.fenced$/,
  module: { url: new URL('./sink/opensearch-sink.ts', import.meta.url).href, name: 'opensearchSink' },
  unreachable: async () => ({ nodes: [`http://127.0.0.1:${await freePort()}`] }),
  async open() {
    const { url } = await testOpensearch();
    const index = testIndex(url);
    return {
      config: index.config,
      stage: { ...index.stage, mode, size: '1MiB' },
      read: async () => (await index.documents()).map(({ _source }) => _source['id'] as number),
      [Symbol.asyncDispose]: () => index[Symbol.asyncDispose](),
    };
  },
});

describeSinkConnector('opensearch', driver('upsert'));
describeSinkConnector('opensearch append', driver('append'));
