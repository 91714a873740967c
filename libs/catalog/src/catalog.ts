import type { DataSource } from 'typeorm';
import { openCatalogDataSource } from './data-source.ts';
import { DefinitionRepository } from './definition-repository.ts';
import { DefinitionResolver } from './definition-resolver.ts';
import { IdempotencyRepository } from './idempotency-repository.ts';
import { JobRepository } from './job-repository.ts';
import type { SecretBox } from './secret-box.ts';
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

/** The metadata database: definitions, jobs, witnesses, idempotency keys. */
export class Catalog implements AsyncDisposable {
  readonly sources: DefinitionRepository;
  readonly sinks: DefinitionRepository;
  readonly definitions: DefinitionResolver;
  readonly jobs: JobRepository;
  readonly witness: WitnessRepository;
  readonly idempotency: IdempotencyRepository;
  readonly #dataSource: DataSource;

  /** On a connected, migrated data source (`Catalog.open` makes one). */
  constructor(dataSource: DataSource, secretBox: SecretBox, env: NodeJS.ProcessEnv) {
    this.#dataSource = dataSource;
    this.sources = new DefinitionRepository(dataSource, secretBox, 'source');
    this.sinks = new DefinitionRepository(dataSource, secretBox, 'sink');
    this.definitions = new DefinitionResolver({ source: this.sources, sink: this.sinks }, env);
    this.jobs = new JobRepository(dataSource);
    this.witness = new WitnessRepository(dataSource);
    this.idempotency = new IdempotencyRepository(dataSource, secretBox);
  }

  /**
   * Connects and migrates.
   * @throws MillraceError `catalog.unavailable`, `catalog.migration_locked`
   */
  static async open({ url, secretBox, env, poolSize }: CatalogOptions): Promise<Catalog> {
    return new Catalog(await openCatalogDataSource(url, poolSize), secretBox, env);
  }

  /** Does the database answer? Rejects when it does not. */
  async ping(): Promise<void> {
    await this.#dataSource.query('SELECT 1');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#dataSource.isInitialized) await this.#dataSource.destroy();
  }
}
