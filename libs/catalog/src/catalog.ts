import type { DataSource } from 'typeorm';
import { ApiKeyRepository } from './access/api-key-repository.ts';
import { SessionRepository } from './access/session-repository.ts';
import { AuditRepository } from './audit/audit-repository.ts';
import { codedError, withCodedErrors } from './coded-errors.ts';
import { openCatalogDataSource } from './data-source.ts';
import { DeadLetterRepository } from './dead-letters/dead-letter-repository.ts';
import { DefinitionRepository } from './definition-repository.ts';
import { DefinitionResolver } from './definition-resolver.ts';
import { ExecutionRepository } from './execution-repository.ts';
import { IdempotencyRepository } from './idempotency-repository.ts';
import { JobRepository } from './job-repository.ts';
import { ModuleRepository } from './module-repository.ts';
import { ScheduleRepository } from './schedules/schedule-repository.ts';
import { ScheduleRunRepository } from './schedules/schedule-run-repository.ts';
import type { SecretBox } from './secret-box.ts';
import { TableLoadRepository } from './table-loads/table-load-repository.ts';
import { WitnessRepository } from './witness-repository.ts';

export interface CatalogOptions {
  /** `postgres://user:password@host:port/database` */
  readonly url: string;
  readonly secretBox: SecretBox;
  /** Where `${env:NAME}` looks. */
  readonly env: NodeJS.ProcessEnv;
  /** Connections at most. */
  readonly poolSize?: number;
}

/** The metadata database: definitions, jobs, schedules, witnesses, idempotency keys, dead letters, API keys, audit log. Every method fails with `catalog.unavailable` when it is away. */
export class Catalog implements AsyncDisposable {
  readonly sources: DefinitionRepository;
  readonly sinks: DefinitionRepository;
  readonly definitions: DefinitionResolver;
  readonly jobs: JobRepository;
  readonly executions: ExecutionRepository;
  readonly tableLoads: TableLoadRepository;
  readonly schedules: ScheduleRepository;
  readonly scheduleRuns: ScheduleRunRepository;
  readonly modules: ModuleRepository;
  readonly witness: WitnessRepository;
  readonly idempotency: IdempotencyRepository;
  readonly deadLetters: DeadLetterRepository;
  readonly apiKeys: ApiKeyRepository;
  readonly sessions: SessionRepository;
  readonly audit: AuditRepository;
  readonly #dataSource: DataSource;

  /** On a connected, migrated data source (`Catalog.open` makes one). */
  constructor(dataSource: DataSource, secretBox: SecretBox, env: NodeJS.ProcessEnv) {
    this.#dataSource = dataSource;
    this.sources = withCodedErrors(new DefinitionRepository(dataSource, secretBox, 'source'));
    this.sinks = withCodedErrors(new DefinitionRepository(dataSource, secretBox, 'sink'));
    this.definitions = withCodedErrors(new DefinitionResolver({ source: this.sources, sink: this.sinks }, env));
    this.jobs = withCodedErrors(new JobRepository(dataSource));
    this.executions = withCodedErrors(new ExecutionRepository(dataSource));
    this.tableLoads = withCodedErrors(new TableLoadRepository(dataSource));
    this.schedules = withCodedErrors(new ScheduleRepository(dataSource));
    this.scheduleRuns = withCodedErrors(new ScheduleRunRepository(dataSource));
    this.modules = withCodedErrors(new ModuleRepository(dataSource));
    this.witness = withCodedErrors(new WitnessRepository(dataSource));
    this.deadLetters = withCodedErrors(new DeadLetterRepository(dataSource));
    this.apiKeys = withCodedErrors(new ApiKeyRepository(dataSource));
    this.sessions = withCodedErrors(new SessionRepository(dataSource));
    this.audit = withCodedErrors(new AuditRepository(dataSource));
    this.idempotency = withCodedErrors(new IdempotencyRepository(dataSource, secretBox));
  }

  /**
   * Connects and migrates.
   * @throws MillraceError `catalog.unavailable`, `catalog.migration_locked`
   */
  static async open({ url, secretBox, env, poolSize }: CatalogOptions): Promise<Catalog> {
    return new Catalog(await openCatalogDataSource(url, poolSize), secretBox, env);
  }

  /** Does the database answer? @throws MillraceError `catalog.unavailable` */
  async ping(): Promise<void> {
    try {
      await this.#dataSource.query('SELECT 1');
    } catch (error) {
      throw codedError(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#dataSource.isInitialized) await this.#dataSource.destroy();
  }
}
