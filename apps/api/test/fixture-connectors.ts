import {
  ConnectorRegistry,
  defineSink,
  defineSource,
  type Finding,
  type Resolved,
  secretField,
} from '@millrace/connector-contract';
import type { TableSchema } from '@millrace/formats';
import { errorCode, MillraceError } from '@millrace/kernel';
import { z } from 'zod';

const DisposeFailed = errorCode('fixture.dispose_failed', { domain: 'external', retry: 'later', title: 'Away' });

const config = z.strictObject({
  host: z.string(),
  port: z.int().default(1),
  password: secretField().optional(),
});

/** What tests want the systems to say; `disposed` is what they were told. */
export const world = {
  findings: [] as Finding[],
  disposed: [] as string[],
  disposeFails: false,
  /** The last password that reached a connector in the clear. */
  password: undefined as string | undefined,
};

const table = (id: string): TableSchema => ({
  id,
  schema: 'public',
  table: id.slice('public.'.length),
  columns: ['id', 'total'].map((name, field) => ({
    name,
    field,
    kind: 'integer',
    sqlType: 'integer',
    key: name === 'id',
    nullable: false,
  })),
  fieldCount: 2,
  replicaIdentity: 'default',
});

const unused = (): never => {
  throw new Error('the api runs no processors');
};

const dispose = async <Stage>({ config: { host }, job }: Resolved<z.infer<typeof config>, Stage>): Promise<void> => {
  if (world.disposeFails) throw new MillraceError(DisposeFailed, { message: `${host} is away`, mend: 'Wait for it.' });
  world.disposed.push(job.stage);
};

/** Connectors without a system: what they find is what a test puts into `world`. The real ones have tests of their own beside this. */
export const fixtureConnectors = ConnectorRegistry.of([
  defineSource({
    type: 'fixture',
    role: 'source',
    summary: 'A source for tests.',
    config,
    stage: z.strictObject({ tables: z.array(z.string()).min(1) }),
    capabilities: { initialLoad: true, follows: 'always', changes: true, parallel: false },
    guarantees: [{ mode: {}, level: 'exactly-once', how: 'By the fixture.', needs: [] }],
    async check({ password }) {
      world.password = password;
      return world.findings;
    },
    async describe({ stage }) {
      return { shape: { tables: stage.tables.map(table) }, findings: [] };
    },
    createSource: unused,
    dispose,
  }),
  defineSink({
    type: 'fixture',
    role: 'sink',
    summary: 'A sink for tests.',
    config,
    stage: z.strictObject({ mode: z.enum(['upsert', 'post']).default('upsert') }),
    capabilities: { holds: 'rows', createsTarget: 'option', parallel: false },
    guarantees: [
      {
        mode: { mode: 'upsert' },
        level: 'exactly-once',
        visible: 'at-once',
        how: 'By the fixture.',
        needs: ['A key.'],
      },
      { mode: { mode: 'post' }, level: 'at-least-once', visible: 'at-once', how: 'Nobody remembers.', needs: [] },
    ],
    check: async () => [],
    async checkStage(_, { tables }) {
      return tables
        .filter(({ columns }) => !columns.some(({ key }) => key))
        .map(
          ({ id }) =>
            ({
              code: 'fixture.no_key',
              severity: 'error',
              message: `${id} has no key`,
              mend: 'Select the key.',
              pointer: '/mode',
            }) as const,
        );
    },
    showsRowsAtOnce: () => true,
    skipsWhatItPassed: ({ mode }) => mode === 'upsert',
    createSink: unused,
    dispose,
  }),
]);
