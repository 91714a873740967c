import type { DefinitionRepository } from './definition-repository.ts';
import type { Definition, Role } from './entities.ts';
import { parseSecretReference, resolveSecretReference } from './secret-reference.ts';

/** A definition ready to use. `config` holds secrets in the clear: keep it in memory only, and parse it with the connector's schema for defaults. */
export interface ResolvedDefinition {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/** The one place where secrets become clear: decrypts them and follows references to the environment and to files. */
export class DefinitionResolver {
  readonly #repositories: Readonly<Record<Role, DefinitionRepository>>;
  readonly #env: NodeJS.ProcessEnv;

  constructor(repositories: Readonly<Record<Role, DefinitionRepository>>, env: NodeJS.ProcessEnv) {
    this.#repositories = repositories;
    this.#env = env;
  }

  /** @throws MillraceError `source.unknown` / `sink.unknown`, `secret.*` */
  async resolve(role: Role, idOrName: string): Promise<ResolvedDefinition> {
    return this.resolveDefinition(role, await this.#repositories[role].get(idOrName));
  }

  /** Options that are not stored, with references in these fields followed. @throws MillraceError `secret.*` */
  async resolveGiven(
    config: Readonly<Record<string, unknown>>,
    secretFields: readonly string[],
  ): Promise<ResolvedDefinition['config']> {
    const resolved: Record<string, unknown> = { ...config };
    for (const field of secretFields) {
      const value = config[field];
      const reference = typeof value === 'string' ? parseSecretReference(value) : undefined;
      if (reference !== undefined) resolved[field] = await resolveSecretReference(reference, `/${field}`, this.#env);
    }
    return resolved;
  }

  /** @throws MillraceError `secret.*` */
  async resolveDefinition(role: Role, definition: Definition): Promise<ResolvedDefinition> {
    const config: Record<string, unknown> = { ...definition.config };
    for (const field of Object.keys(definition.secrets)) {
      const value = this.#repositories[role].unseal(definition, field);
      const reference = parseSecretReference(value);
      config[field] = reference === undefined ? value : await resolveSecretReference(reference, `/${field}`, this.#env);
    }
    const { id, name, type } = definition;
    return { id, name, type, config };
  }
}
