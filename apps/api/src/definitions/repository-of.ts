import type { Catalog, DefinitionRepository, Role } from '@millrace/catalog';

/** Sources and sinks are stored alike, apart. */
export const repositoryOf = (catalog: Catalog, role: Role): DefinitionRepository =>
  role === 'source' ? catalog.sources : catalog.sinks;
