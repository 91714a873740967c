import { createHash } from 'node:crypto';
import { defineSource, type Finding, type JobIdentity } from '@millrace/connector-contract';
import { type ConnectionOptions, connectionSchema } from '../config.ts';
import { mysqlSource } from '../dialects/mysql/source/mysql-source.ts';
import { postgresSource } from '../dialects/postgres/source/postgres-source.ts';
import { sqliteSource } from '../dialects/sqlite/source/sqlite-source.ts';
import { OptionUnfit } from '../errors.ts';
import { checkWith } from '../target/check-with.ts';
import { JdbcSourceProcessor } from './jdbc-source.processor.ts';
import { type SourceStage, sourceStageSchema } from './source-config.ts';
import type { SourceDialect } from './source-dialect.ts';
import { describeStage, type StageShape } from './stage-shape.ts';

const DIALECTS: Readonly<Record<ConnectionOptions['dialect'], SourceDialect>> = {
  postgres: postgresSource,
  mysql: mysqlSource,
  sqlite: sqliteSource,
};

/** Fits the 63 bytes that PostgreSQL shows. */
function sessionName({ jobId, stage }: JobIdentity): string {
  return `millrace/${jobId.slice(0, 26)}/${createHash('sha256').update(stage).digest('base64url').slice(0, 10)}/source`;
}

/** Options that another kind of database has. */
function optionFindings(dialect: ConnectionOptions['dialect'], stage: SourceStage): readonly Finding[] {
  const found: Finding[] = [];
  const add = (option: string, owner: string): void => {
    found.push({
      code: OptionUnfit.code,
      severity: 'error',
      message: `"${option}" is for ${owner}`,
      mend: 'Leave it out.',
      pointer: `/${option}`,
    });
  };
  if (dialect !== 'sqlite' && Object.keys(stage.types).length > 0) add('types', 'sqlite');
  if (dialect !== 'mysql' && stage.zeroDates !== 'refuse') add('zeroDates', 'mysql');
  return found;
}

/** Rows of a table or a query: all of them once, or those that are new and changed by a column that grows. */
export const jdbcSource = defineSource<ConnectionOptions, SourceStage>({
  type: 'jdbc',
  role: 'source',
  summary:
    'Reads a table or a query of a relational database (PostgreSQL, MySQL, MariaDB, SQLite): once, or again and again for new and changed rows.',
  capabilities: { initialLoad: true, follows: 'option', changes: false, parallel: false },
  guarantees: [
    {
      mode: {},
      level: 'exactly-once',
      how: 'Rows are read in order of their key, in ranges; the last key of each is part of the snapshot. With a watermark they are read in its order, and the last one with its key is; rows within the overlap are remembered by a hash of their values.',
      needs: [
        'A key that is unique and never null.',
        'With a watermark: an overlap as long as the longest transaction that writes the table. A row committed later is not seen.',
      ],
    },
  ],
  config: connectionSchema,
  stage: sourceStageSchema,
  check: (config, signal) => DIALECTS[config.dialect].check(config, signal),
  async describe({ config, stage, job }, signal) {
    const dialect = DIALECTS[config.dialect];
    let shape: StageShape | undefined;
    const findings = await checkWith(
      () => dialect.open(config, stage, sessionName(job)),
      (error) => dialect.classify(error),
      signal,
      async (session) => {
        const described = await describeStage(session, stage);
        shape = described.shape;
        return described.findings.map(({ code, severity, message, mend, pointer }) => ({
          code,
          severity,
          message,
          mend,
          pointer,
        }));
      },
    );
    const unfit = optionFindings(config.dialect, stage);
    return { shape: { tables: shape === undefined ? [] : [shape.schema] }, findings: [...unfit, ...findings] };
  },
  createSource: ({ config, stage, job }) => {
    const options = { dialect: DIALECTS[config.dialect], config, stage, sessionName: sessionName(job) };
    return () => new JdbcSourceProcessor(options);
  },
});
