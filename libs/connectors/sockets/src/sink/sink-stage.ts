import { parseSizeBytes } from '@millrace/kernel';
import { z } from 'zod';
import { duration } from '../config.ts';
import { framingField } from '../framing/framing.ts';

const BACKLOG_BYTES_MIN = 65_536;
const BACKLOG_BYTES_MAX = 268_435_456;

/** What a job's sink stage sends. */
export const sinkStage = z
  .strictObject({
    framing: framingField,
    format: z.enum(['json', 'debezium-json']).default('json').meta({
      description:
        'json: an object with table, op (r, c, u, d, t), lsn, index, time and row, the row after the change or what is known of a deleted one. debezium-json: Debezium envelopes.',
    }),
    database: z.string().default('').meta({ description: 'What source.db says in debezium-json.' }),
    acknowledge: z.boolean().default(false).meta({
      description:
        'true: the other end answers ACK and how many messages of the connection it has kept; a snapshot waits for that. With listen there is one such end at a time. false: rows may be lost with a connection.',
    }),
    consumers: z.enum(['wait', 'drop']).default('wait').meta({
      description:
        'With listen, without acknowledge: each of those who are connected gets each message. wait: the job waits for the slowest of them, and for the first when there is none. drop: nobody is waited for; one whose backlog is over the limit is disconnected, and what comes while nobody is there is gone.',
    }),
    backlog: z
      .string()
      .default('16MiB')
      .refine((text) => {
        const bytes = parseSizeBytes(text) ?? 0;
        return bytes >= BACKLOG_BYTES_MIN && bytes <= BACKLOG_BYTES_MAX;
      }, 'a size from 64KiB to 256MiB, such as 16MiB')
      .meta({ description: 'With consumers drop: bytes that wait for one of them at most.' }),
    idle: duration().default('30s').meta({
      description: 'A connection that takes nothing for this long while rows wait for it is closed.',
    }),
  })
  .superRefine(({ acknowledge, consumers }, context) => {
    if (acknowledge && consumers === 'drop')
      context.addIssue({ code: 'custom', path: ['consumers'], message: 'drop goes without acknowledge' });
  });

export type SinkStage = z.output<typeof sinkStage>;
