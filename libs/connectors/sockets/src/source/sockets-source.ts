import { defineSource } from '@millrace/connector-contract';
import { type Connection, connectionSchema } from '../config.ts';
import { checkConnection } from '../link/check-connection.ts';
import { SocketsSource } from './sockets-source.processor.ts';
import { rowSchema, type SourceStage, sourceStage } from './source-stage.ts';

/** Messages that come over TCP. */
export const socketsSource = defineSource<Connection, SourceStage>({
  type: 'sockets',
  role: 'source',
  summary: 'Reads lines, or messages behind their lengths, from TCP connections.',
  config: connectionSchema,
  stage: sourceStage,
  capabilities: { initialLoad: false, follows: 'always', changes: false, parallel: false },
  guarantees: [
    {
      mode: { acknowledge: true },
      level: 'exactly-once',
      how: 'A sender says its name and numbers its messages by their order; it is told what a committed snapshot holds, and sends again what comes after that. The numbers are part of the snapshot, so that what is there already is not taken twice.',
      needs: [
        'Senders that keep what was not acknowledged, and go on behind the number that they are told when they connect again.',
        'A name of its own for each sender that stays the same.',
      ],
    },
    {
      mode: { acknowledge: false },
      level: 'at-most-once',
      how: 'Of what the snapshots hold, each message counts once. A crash loses what came after the last snapshot, and what its senders sent while nobody was there.',
      needs: ['Data of which some seconds may be lost.'],
    },
  ],
  check: checkConnection,
  describe: async ({ config, stage }, signal) => ({
    shape: { tables: [rowSchema(stage)] },
    findings: await checkConnection(config, signal),
  }),
  refuses: () => true,
  createSource: (options) => () => new SocketsSource(options),
});
