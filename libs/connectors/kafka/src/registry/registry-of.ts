import { type Clock, MillraceError, systemRandom } from '@millrace/kernel';
import type { ClusterConfig } from '../config.ts';
import { RegistryMissing } from '../errors.ts';
import { SchemaRegistry } from './schema-registry.ts';

/** The registry that a definition's options describe. @throws MillraceError `kafka.registry_missing` */
export function registryOf(
  { schemaRegistry, registryPassword }: ClusterConfig,
  { clock, signal, patienceMs }: { clock: Clock; signal: AbortSignal; patienceMs: number },
): SchemaRegistry {
  if (schemaRegistry === undefined) {
    throw new MillraceError(RegistryMissing, {
      message: 'the format of the stage keeps its schemas in a registry, and the connection has none',
      mend: 'Set schemaRegistry of the connection, such as {"url": "http://registry.internal:8081"}.',
      pointer: '/format',
    });
  }
  const address = { ...schemaRegistry, password: registryPassword };
  return new SchemaRegistry({ address, clock, random: systemRandom, signal, patienceMs });
}
