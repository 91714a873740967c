/** The dependency direction of docs/architecture.md: downwards only. */
const ROOMS = {
  kernel: [],
  engine: ['kernel'],
  sql: ['kernel'],
  operators: ['kernel', 'engine'],
  formats: ['kernel', 'engine'],
  'connectors/contract': ['kernel', 'engine', 'formats'],
  pipeline: ['kernel', 'engine', 'operators', 'formats', 'sql', 'connectors/contract'],
  'connectors/postgres': ['kernel', 'engine', 'formats', 'connectors/contract'],
  'connectors/jdbc': ['kernel', 'engine', 'formats', 'connectors/contract'],
  'connectors/kafka': ['kernel', 'engine', 'formats', 'connectors/contract'],
  'connectors/amqp': ['kernel', 'engine', 'formats', 'connectors/contract'],
  'connectors/nats': ['kernel', 'engine', 'formats', 'connectors/contract'],
  'connectors/mqtt': ['kernel', 'engine', 'formats', 'connectors/contract'],
  'connectors/opensearch': ['kernel', 'engine', 'formats', 'connectors/contract'],
  'connectors/bullmq': ['kernel', 'engine', 'formats', 'connectors/contract'],
  'connectors/s3': ['kernel', 'engine', 'formats', 'connectors/contract'],
  'connectors/subscription': ['kernel', 'engine', 'formats', 'connectors/contract'],
  'connectors/files': ['kernel', 'engine', 'formats', 'connectors/contract'],
  'connectors/redis': ['kernel', 'engine', 'formats', 'connectors/contract'],
  'connectors/sockets': ['kernel', 'engine', 'formats', 'connectors/contract'],
  'connectors/http': ['kernel', 'engine', 'formats', 'connectors/contract'],
  cluster: ['kernel', 'engine'],
  catalog: ['kernel'],
  sdk: [],
  eventstore: ['kernel', 'formats', 'connectors/postgres'],
};
const TEST = '(\\.test\\.ts$|/(test|test-support|testing|fixtures)/)';

const layers = Object.entries(ROOMS).map(([room, allowed]) => ({
  name: `layers-${room.replace('/', '-')}`,
  comment: `libs/${room} may import only: ${allowed.join(', ') || 'nothing of ours'}`,
  severity: 'error',
  from: { path: `^libs/${room}/src/`, pathNot: TEST },
  to: {
    path: '^(libs|apps|migrations)/',
    pathNot: `^libs/(${[room, ...allowed].join('|')})/${room === 'catalog' ? '|^migrations/' : ''}`,
  },
}));

module.exports = {
  forbidden: [
    ...layers,
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'engine-is-pure',
      comment: 'The engine knows no framework, no database and no network.',
      severity: 'error',
      from: { path: '^libs/(kernel|engine)/src/', pathNot: TEST },
      to: { path: 'node_modules/(@nestjs|pg|ioredis|bullmq|typeorm)' },
    },
    {
      name: 'apps-stand-alone',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'production-code-imports-no-tests',
      severity: 'error',
      from: { path: '^(libs|apps)/', pathNot: `(^libs/testing/|^apps/cli/|${TEST})` },
      to: { path: '^libs/testing/' },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(/dist/|node_modules/(?!@millrace))' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['source', 'import', 'node', 'types', 'default'],
    },
  },
};
