import { defineSource, type Finding } from '@millrace/connector-contract';
import { declaredSchema } from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import { Callers } from './callers.ts';
import { type EndpointConfig, type EndpointStage, endpointConfig, endpointStage } from './config.ts';
import { IngestSource } from './ingest-source.processor.ts';

/** The port is the worker's: it is opened when a job starts, and nothing can be said of it before. */
function checkEndpoint(config: EndpointConfig): readonly Finding[] {
  try {
    void new Callers(config);
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    const { code, message, mend } = error;
    return [{ code: code.code, severity: 'error', message, mend, pointer: '/secret' }];
  }
  const message = `requests are taken at ${config.listen}${config.path} of the worker that runs the job`;
  return [{ code: 'http.endpoint', severity: 'ok', message }];
}

/** Rows that others send by HTTP. */
export const httpSource = defineSource<EndpointConfig, EndpointStage>({
  type: 'http',
  role: 'source',
  summary: 'Takes rows that others send by HTTP, and answers when they cannot be lost any more.',
  config: endpointConfig,
  stage: endpointStage,
  capabilities: { initialLoad: false, follows: 'always', changes: false, parallel: false },
  guarantees: [
    {
      mode: { answer: 'after-snapshot' },
      level: 'exactly-once',
      how: 'A request is answered with 200 when the snapshot that holds it is committed. One that was not answered may be lost, and its caller sends it again; idempotency keys are part of the snapshot, so that what is there already is answered and not taken twice.',
      needs: [
        'Callers that send again what was not answered with 2xx, under the same idempotency key.',
        'A repetition within the newest keys (remember).',
      ],
    },
    {
      mode: { answer: 'at-once' },
      level: 'exactly-once',
      how: 'Of what the snapshots hold, each request counts once. It is answered with 202 when it is taken, and a crash loses what came after the last snapshot.',
      needs: ['Data of which the last seconds may be lost.'],
    },
  ],
  check: async (config) => checkEndpoint(config),
  describe: async ({ config, stage }) => ({
    shape: { tables: [declaredSchema(stage)] },
    findings: checkEndpoint(config),
  }),
  createSource: (options) => () => new IngestSource(options),
});
