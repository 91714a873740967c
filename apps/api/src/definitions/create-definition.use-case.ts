import { Catalog, type Definition, type Role } from '@millrace/catalog';
import { ConnectorRegistry } from '@millrace/connector-contract';
import { Injectable } from '@nestjs/common';
import type { CreateDefinition } from './definition.schemas.ts';
import { connectorOf, splitOptions } from './definition-options.ts';
import { repositoryOf } from './repository-of.ts';

/** Registers a source or sink. Its system is not called: `check` does that. */
@Injectable()
export class CreateDefinitionUseCase {
  constructor(
    private readonly catalog: Catalog,
    private readonly registry: ConnectorRegistry,
  ) {}

  async execute(role: Role, id: string, { name, type, config }: CreateDefinition): Promise<Definition> {
    const options = splitOptions(connectorOf(this.registry, role, type), config);
    return repositoryOf(this.catalog, role).create(id, { name, type, ...options });
  }
}
