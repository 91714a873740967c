import { MASK, MillraceError, suggestNames } from '@millrace/kernel';
import { type DataSource, type EntityManager, MoreThan, type Repository } from 'typeorm';
import { appendAudit } from './audit/append-audit.ts';
import { type Definition, definitionEntities, type Role } from './entities.ts';
import {
  SinkInUse,
  SinkNameTaken,
  SourceInUse,
  SourceNameTaken,
  UnknownSink,
  UnknownSource,
  VersionConflict,
} from './errors.ts';
import { isIdOrName } from './id-or-name.ts';
import { type Page, type PageRequest, toPage } from './page.ts';
import { violatedUnique, violatesReference } from './postgres-error.ts';
import type { SecretBox } from './secret-box.ts';
import { parseSecretReference } from './secret-reference.ts';

const codes = {
  source: { unknown: UnknownSource, nameTaken: SourceNameTaken, inUse: SourceInUse },
  sink: { unknown: UnknownSink, nameTaken: SinkNameTaken, inUse: SinkInUse },
} as const;

/** What a caller says of a definition; `secrets` in the clear or as references. */
export interface DefinitionInput {
  readonly name: string;
  readonly type: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, string>>;
}

type AuditedDefinition = Pick<Definition, 'name' | 'type' | 'config' | 'secrets'>;

/** What the audit log keeps: secrets as masks, unless they are references. */
function audited({ name, type, config, secrets }: AuditedDefinition): object {
  const shown = Object.entries(secrets).map(([field, stored]) => [
    field,
    parseSecretReference(stored) === undefined ? MASK : stored,
  ]);
  return { name, type, config: { ...config, ...Object.fromEntries(shown) } };
}

/** Registered sources or registered sinks. Literal secrets are sealed on the way in and never leave by this class. */
export class DefinitionRepository {
  readonly #dataSource: DataSource;
  readonly #rows: Repository<Definition>;

  readonly #secretBox: SecretBox;
  readonly role: Role;

  constructor(dataSource: DataSource, secretBox: SecretBox, role: Role) {
    this.#dataSource = dataSource;
    this.#secretBox = secretBox;
    this.role = role;
    this.#rows = dataSource.getRepository(definitionEntities[role]);
  }

  /**
   * Makes a definition; one with this id already is returned as it is (a second try of the same request).
   * @throws MillraceError `source.name_taken` / `sink.name_taken`
   */
  async create(id: string, input: DefinitionInput): Promise<Definition> {
    const { name, type, config } = input;
    try {
      await this.#dataSource.transaction(async (manager) => {
        const secrets = this.#seal(id, input.secrets);
        await manager.insert(definitionEntities[this.role], { id, name, type, config: config as object, secrets });
        await this.#audit(manager, 'create', id, { after: { name, type, config, secrets } });
      });
    } catch (error) {
      const constraint = violatedUnique(error);
      if (constraint === undefined) throw error;
      const same = await this.#rows.findOneBy({ id });
      if (same === null) throw this.#nameTaken(name, error);
    }
    return this.get(id);
  }

  /** @throws MillraceError `source.unknown` / `sink.unknown`, with names that are near */
  async get(idOrName: string): Promise<Definition> {
    const found = await this.find(idOrName);
    if (found !== undefined) return found;
    throw new MillraceError(codes[this.role].unknown, {
      message: `there is no ${this.role} "${idOrName}"`,
      mend: suggestNames(this.role, idOrName, await this.names()),
      details: { name: idOrName },
    });
  }

  async find(idOrName: string): Promise<Definition | undefined> {
    if (!isIdOrName(idOrName)) return undefined;
    return (await this.#rows.findOne({ where: [{ id: idOrName }, { name: idOrName }] })) ?? undefined;
  }

  async names(): Promise<readonly string[]> {
    const rows = await this.#rows.find({ select: { id: true, name: true }, order: { name: 'ASC' }, take: 1_000 });
    return rows.map((row) => row.name);
  }

  async list({ limit, after }: PageRequest): Promise<Page<Definition>> {
    const where = after === undefined ? {} : { id: MoreThan(after) };
    return toPage(await this.#rows.find({ where, order: { id: 'ASC' }, take: limit + 1 }), limit);
  }

  /**
   * Replaces name, options and secrets. `secrets` holds new values in the clear, or the stored ones to keep (as `get` returned them).
   * @param expectedVersion refused when the definition has another one; the version the change was made from.
   * @throws MillraceError `catalog.version_conflict`, `*.unknown`, `*.name_taken`, `*.in_use` (renamed under a job)
   */
  async replace(
    id: string,
    input: DefinitionInput & { readonly kept: Readonly<Record<string, string>> },
    expectedVersion: number,
  ): Promise<Definition> {
    const { name, type, config, kept } = input;
    const secrets = { ...kept, ...this.#seal(id, input.secrets) };
    try {
      // What is refused is told outside: another connection for it, held up by this one, could wait for ever.
      const isReplaced = await this.#dataSource.transaction(async (manager) => {
        const before = await manager.findOneBy(definitionEntities[this.role], { id, version: expectedVersion });
        const { affected } = await manager.update(
          definitionEntities[this.role],
          { id, version: expectedVersion },
          { name, type, config: config as object, secrets, updatedAt: () => 'now()', version: expectedVersion + 1 },
        );
        if (affected === 0 || before === null) return false;
        await this.#audit(manager, 'update', id, { before, after: { name, type, config, secrets } });
        return true;
      });
      if (!isReplaced) throw this.#conflict(await this.get(id), expectedVersion);
    } catch (error) {
      if (violatedUnique(error) !== undefined) throw this.#nameTaken(name, error);
      if (violatesReference(error)) throw await this.#inUse(await this.get(id), 'renamed', error);
      throw error;
    }
    return this.get(id);
  }

  /**
   * @param expectedVersion when given, refused if the definition has another one
   * @throws MillraceError `*.unknown`, `*.in_use`, `catalog.version_conflict`
   */
  async delete(idOrName: string, expectedVersion?: number): Promise<void> {
    const definition = await this.get(idOrName);
    if (expectedVersion !== undefined && expectedVersion !== definition.version)
      throw this.#conflict(definition, expectedVersion);
    try {
      const { id, version } = definition;
      const isGone = await this.#dataSource.transaction(async (manager) => {
        const { affected } = await manager.delete(definitionEntities[this.role], { id, version });
        if (affected !== 0) await this.#audit(manager, 'delete', id, { before: definition });
        return affected !== 0;
      });
      if (!isGone) throw this.#conflict(await this.get(id), version);
    } catch (error) {
      if (violatesReference(error)) throw await this.#inUse(definition, 'deleted', error);
      throw error;
    }
  }

  /** Names of the jobs that use a definition. */
  async usedBy(name: string): Promise<readonly string[]> {
    const rows: { name: string }[] = await this.#dataSource.query(
      `SELECT job.name FROM millrace.job_${this.role} AS uses JOIN millrace.job ON job.id = uses.job_id
       WHERE uses.${this.role}_name = $1 ORDER BY job.name LIMIT 100`,
      [name],
    );
    return rows.map((row) => row.name);
  }

  /** A secret in the clear, or the reference it is. @throws MillraceError `secret.key_unknown`, `secret.corrupt` */
  unseal(definition: Definition, field: string): string {
    const stored = definition.secrets[field]!;
    return parseSecretReference(stored) === undefined
      ? this.#secretBox.open(stored, this.#context(definition.id, field))
      : stored;
  }

  /**
   * Seals with the current key what an old key has sealed, so that the old key can be thrown away. The definitions stay what they are, and so do
   * their versions.
   * @returns names of definitions whose secrets no key of ours opens
   */
  async reseal(): Promise<readonly string[]> {
    const lost: string[] = [];
    for (const definition of await this.#rows.find()) {
      const { id, name, version, secrets } = definition;
      const outdated = Object.entries(secrets).filter(([, stored]) => this.#isOutdated(stored));
      if (outdated.length === 0) continue;
      try {
        const opened = Object.fromEntries(outdated.map(([field]) => [field, this.unseal(definition, field)]));
        // Whoever has changed it meanwhile has sealed it with the current key.
        await this.#rows.update({ id, version }, { secrets: { ...secrets, ...this.#seal(id, opened) } });
      } catch (error) {
        if (!(error instanceof MillraceError)) throw error;
        lost.push(name);
      }
    }
    return lost;
  }

  async #audit(
    manager: EntityManager,
    verb: string,
    id: string,
    { before, after }: { readonly before?: AuditedDefinition; readonly after?: AuditedDefinition },
  ): Promise<void> {
    await appendAudit(manager, {
      action: `${this.role}.${verb}`,
      target: `${this.role}/${id}`,
      before: before === undefined ? undefined : audited(before),
      after: after === undefined ? undefined : audited(after),
    });
  }

  #isOutdated(stored: string): boolean {
    return parseSecretReference(stored) === undefined && this.#secretBox.isOutdated(stored);
  }

  #seal(id: string, secrets: Readonly<Record<string, string>>): Record<string, string> {
    return Object.fromEntries(
      Object.entries(secrets).map(([field, value]) => [
        field,
        parseSecretReference(value) === undefined ? this.#secretBox.seal(value, this.#context(id, field)) : value,
      ]),
    );
  }

  /** Ties a ciphertext to its place. */
  #context(id: string, field: string): string {
    return `${this.role}/${id}/${field}`;
  }

  #nameTaken(name: string, cause: unknown): MillraceError {
    return new MillraceError(
      codes[this.role].nameTaken,
      {
        message: `a ${this.role} named "${name}" exists already`,
        mend: `Choose another name, or change the existing ${this.role} with PATCH /api/v1/${this.role}s/${name}.`,
        pointer: '/name',
      },
      { cause },
    );
  }

  async #inUse(definition: Definition, what: string, cause: unknown): Promise<MillraceError> {
    const jobs = await this.usedBy(definition.name);
    return new MillraceError(
      codes[this.role].inUse,
      {
        message: `the ${this.role} "${definition.name}" cannot be ${what} while jobs use it: ${jobs.join(', ')}`,
        mend: `Delete these jobs first: ${jobs.map((job) => `POST /api/v1/jobs/${job}/cancel, then DELETE /api/v1/jobs/${job}`).join('; ')}.`,
        details: { jobs },
      },
      { cause },
    );
  }

  #conflict(definition: Definition, expected: number): MillraceError {
    return new MillraceError(VersionConflict, {
      message: `the ${this.role} "${definition.name}" has version ${definition.version}, not ${expected}`,
      mend: `Read it again with GET /api/v1/${this.role}s/${definition.name}, and send its ETag as If-Match.`,
      details: { version: definition.version },
    });
  }
}
