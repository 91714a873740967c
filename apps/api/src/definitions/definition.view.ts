import { type Definition, parseSecretReference } from '@millrace/catalog';
import { MASK } from '@millrace/kernel';
import type { DefinitionView } from './definition.schemas.ts';

/** What the API shows of a definition: every literal secret is the mask, without having been decrypted. */
export function definitionView({
  id,
  name,
  type,
  config,
  secrets,
  createdAt,
  updatedAt,
  version,
}: Definition): DefinitionView {
  const shown = Object.entries(secrets).map(([field, stored]) => [
    field,
    parseSecretReference(stored) === undefined ? MASK : stored,
  ]);
  return {
    id,
    name,
    type,
    config: { ...config, ...Object.fromEntries(shown) },
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
    version,
  };
}
