import { defineSink } from '@millrace/connector-contract';
import { type Connection, connectionSchema } from '../config.ts';
import { checkConnection } from '../link/check-connection.ts';
import { type SinkStage, sinkStage } from './sink-stage.ts';
import { SocketsSink } from './sockets-sink.processor.ts';

/** Change events over TCP. */
export const socketsSink = defineSink<Connection, SinkStage>({
  type: 'sockets',
  role: 'sink',
  summary: 'Sends change events over TCP, as lines or as messages behind their lengths.',
  config: connectionSchema,
  stage: sinkStage,
  capabilities: { holds: 'changes', createsTarget: 'never', parallel: false },
  guarantees: [
    {
      mode: { acknowledge: true },
      level: 'at-least-once',
      visible: 'at-once',
      how: 'A snapshot waits until the other end has acknowledged everything before it. What it has not acknowledged when a connection ends is sent again over the next one, and what was sent after the last snapshot again after a crash.',
      needs: [
        'An other end that acknowledges only what it has kept.',
        'For effects once: that it skips or replaces what comes again (table, lsn and index, or the key of the row).',
      ],
    },
    {
      mode: { acknowledge: false },
      level: 'at-most-once',
      visible: 'at-once',
      how: 'A snapshot waits until everything before it is written to the connection. What is on its way when a connection breaks, or the machine, is lost; what was sent after the last snapshot comes again after a crash of the job.',
      needs: ['Data of which some rows may be lost or come again.'],
    },
  ],
  check: checkConnection,
  showsRowsAtOnce: () => true,
  checkStage: ({ config }, _input, signal) => checkConnection(config, signal),
  createSink: (options) => () => new SocketsSink(options),
});
