import { secretField } from '@millrace/connector-contract';
import { z } from 'zod';

const PARTITIONS_MAX = 256;
const BACKLOG_MAX = 10_000_000;

/** What a change can be, as handlers name it. */
export const OPERATIONS = ['read', 'insert', 'update', 'delete', 'truncate'] as const;

export type Operation = (typeof OPERATIONS)[number];

export const REDIS_VARIABLE = 'MILLRACE_REDIS_URL';

/** Where changes wait. */
export const connectionSchema = z.strictObject({
  host: z.string().min(1).optional().meta({
    description:
      'Host of a Redis of its own. Default: that of Millrace (MILLRACE_REDIS_URL). The api hands on only what waits there.',
  }),
  port: z.int().min(1).max(65_535).default(6_379).meta({ description: 'TCP port of host.' }),
  user: z.string().min(1).optional().meta({ description: 'User of the ACL; the default one when absent.' }),
  password: secretField().optional().meta({ description: 'Password of the user.' }),
});

export type ConnectionOptions = z.output<typeof connectionSchema>;

/** What a subscription keeps for its consumer. */
export const stageSchema = z.strictObject({
  partitions: z.int().min(1).max(PARTITIONS_MAX).default(32).meta({
    description: 'Parts of the keys that instances of a service share: the most that can work beside each other.',
  }),
  backlog: z.int().min(1).max(BACKLOG_MAX).default(100_000).meta({
    description: 'Changes that wait for the service at most. With more the job waits, and the source keeps its log.',
  }),
  operations: z
    .array(z.enum(OPERATIONS))
    .min(1)
    .default(['read', 'insert', 'update', 'delete'])
    .meta({ description: 'Changes that are wanted. read: rows of the initial load.' }),
});

export type StageOptions = z.output<typeof stageSchema>;
