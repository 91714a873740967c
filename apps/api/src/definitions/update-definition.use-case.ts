import { Catalog, type Definition, parseSecretReference, type Role, VersionConflict } from '@millrace/catalog';
import { ConnectorRegistry } from '@millrace/connector-contract';
import { MASK, MillraceError } from '@millrace/kernel';
import { Injectable } from '@nestjs/common';
import type { PatchDefinition } from './definition.schemas.ts';
import { connectorOf, splitOptions } from './definition-options.ts';
import { mergePatch } from './merge-patch.ts';
import { repositoryOf } from './repository-of.ts';

/** Changes a source or sink. Jobs that run with it see the change when they start anew. */
@Injectable()
export class UpdateDefinitionUseCase {
  constructor(
    private readonly catalog: Catalog,
    private readonly registry: ConnectorRegistry,
  ) {}

  /** @param expectedVersion from `If-Match`; without it the change is made from what is stored now */
  async execute(role: Role, idOrName: string, patch: PatchDefinition, expectedVersion?: number): Promise<Definition> {
    const repository = repositoryOf(this.catalog, role);
    const stored = await repository.get(idOrName);
    if (expectedVersion !== undefined && expectedVersion !== stored.version) {
      throw new MillraceError(VersionConflict, {
        message: `the ${role} "${stored.name}" has version ${stored.version}, not ${expectedVersion}`,
        mend: `Read it again with GET /api/v1/${role}s/${stored.name}, and send its ETag as If-Match.`,
        details: { version: stored.version },
      });
    }
    // A stored secret stands in as a reference while the options are checked: it is kept as it is, never decrypted to be sealed again.
    const kept = Object.fromEntries(Object.entries(stored.secrets).filter(([field]) => isKept(patch.config, field)));
    const placeholders = Object.fromEntries(
      Object.entries(kept).map(([field, value]) => [
        field,
        parseSecretReference(value) === undefined ? PLACEHOLDER : value,
      ]),
    );
    const changes = Object.fromEntries(Object.entries(patch.config ?? {}).filter(([field]) => !(field in kept)));
    const merged = { ...mergePatch(stored.config, changes), ...placeholders };
    const { config, secrets } = splitOptions(connectorOf(this.registry, role, stored.type), merged);
    const fresh = Object.fromEntries(Object.entries(secrets).filter(([field]) => !(field in kept)));
    return repository.replace(
      stored.id,
      { name: patch.name ?? stored.name, type: stored.type, config, secrets: fresh, kept },
      stored.version,
    );
  }
}

/** Passes as a secret in any schema; never stored. */
const PLACEHOLDER = '${env:KEPT}';

/** Not mentioned in the patch, or sent back masked as it was shown. */
const isKept = (patch: PatchDefinition['config'], field: string): boolean =>
  patch === undefined || !Object.hasOwn(patch, field) || patch[field] === MASK;
