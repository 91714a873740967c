import { MillraceError } from '@millrace/kernel';
import { migrations } from '@millrace/migrations';
import { DataSource } from 'typeorm';
import { CATALOG_SCHEMA, definitionEntities, idempotencyEntity, jobEntity, witnessEntity } from './entities.ts';
import { CatalogUnavailable, MigrationLocked } from './errors.ts';
import { scheduleEntity } from './schedules/schedule.ts';

const POOL_SIZE = 8;
const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 15_000;
const MIGRATION_WAIT_MS = 60_000;
/** Any number that nobody else uses in this database: the bytes of "millrace". */
const MIGRATION_LOCK = '7883951835720016741';

/** The catalog's connection pool, not yet connected. */
export const catalogDataSource = (url: string, poolSize = POOL_SIZE): DataSource =>
  new DataSource({
    type: 'postgres',
    url,
    schema: CATALOG_SCHEMA,
    poolSize,
    applicationName: 'millrace catalog',
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    entities: [
      definitionEntities.source,
      definitionEntities.sink,
      jobEntity,
      witnessEntity,
      idempotencyEntity,
      scheduleEntity,
    ],
    migrations: [...migrations],
    migrationsTransactionMode: 'each',
    extra: { statement_timeout: STATEMENT_TIMEOUT_MS, options: '-c timezone=UTC' },
    // A pooled connection that breaks while idle is replaced by the next query; there is nobody to tell.
    poolErrorHandler: () => {},
  });

/**
 * Connects and brings the tables up to date. Processes that start together wait for each other on an advisory lock.
 * @throws MillraceError `catalog.unavailable`, `catalog.migration_locked`
 */
export async function openCatalogDataSource(url: string, poolSize?: number): Promise<DataSource> {
  const dataSource = catalogDataSource(url, poolSize);
  try {
    await dataSource.initialize();
    await migrate(dataSource);
    return dataSource;
  } catch (error) {
    if (dataSource.isInitialized) await dataSource.destroy();
    if (error instanceof MillraceError) throw error;
    const at = URL.canParse(url) ? new URL(url) : undefined;
    throw new MillraceError(
      CatalogUnavailable,
      {
        message: `the metadata database ${at === undefined ? '' : `${at.pathname.slice(1)} at ${at.host} `}cannot be used: ${(error as Error).message}`,
        mend: 'Check MILLRACE_DATABASE_URL (postgres://user:password@host:port/database); the user needs CREATE on the database.',
      },
      { cause: error },
    );
  }
}

async function migrate(dataSource: DataSource): Promise<void> {
  const holder = dataSource.createQueryRunner();
  await holder.connect();
  try {
    await holder.query(`SET lock_timeout = ${MIGRATION_WAIT_MS}; SET statement_timeout = 0`);
    await holder.query(`SELECT pg_advisory_lock(${MIGRATION_LOCK})`).catch((error: unknown) => {
      throw new MillraceError(
        MigrationLocked,
        {
          message: `another process has been migrating the metadata database for ${MIGRATION_WAIT_MS} ms`,
          mend: "Find it with: SELECT pid, query FROM pg_stat_activity WHERE application_name = 'millrace catalog' AND state <> 'idle';",
        },
        { cause: error },
      );
    });
    await holder.query(`CREATE SCHEMA IF NOT EXISTS ${CATALOG_SCHEMA}`);
    await dataSource.runMigrations();
    await holder.query(`SELECT pg_advisory_unlock(${MIGRATION_LOCK})`);
    await holder.query(`RESET lock_timeout; SET statement_timeout = ${STATEMENT_TIMEOUT_MS}`);
  } finally {
    await holder.release();
  }
}
