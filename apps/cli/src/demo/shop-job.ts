import { type DatabaseConnection, SHOP_TABLES } from '@millrace/testing';
import type { RestClient } from '../rest-client.ts';

interface Created {
  readonly id: string;
}

/** Options of a source or sink at a database of this machine. */
export const connectionOptions = (connection: DatabaseConnection): Record<string, unknown> => ({
  host: connection.host,
  port: connection.port,
  database: connection.database,
  user: connection.user,
  ...(connection.password === undefined ? {} : { password: connection.password }),
  ssl: 'disable',
});

/** Registers source, sink and job over REST and returns the job's id. */
export async function registerShopJob(
  rest: RestClient,
  source: DatabaseConnection,
  target: DatabaseConnection,
  options: { readonly extraTables?: readonly string[]; readonly snapshotInterval?: string } = {},
): Promise<string> {
  await rest.post('sources', { name: 'shop', type: 'postgres', config: connectionOptions(source) });
  await rest.post('sinks', { name: 'warehouse', type: 'jdbc', config: connectionOptions(target) });
  const job = await rest.post<Created>('jobs', {
    name: 'shop-to-warehouse',
    snapshotInterval: options.snapshotInterval ?? '1s',
    stages: {
      tables: { source: 'shop', tables: [...SHOP_TABLES, ...(options.extraTables ?? [])] },
      copy: { input: 'tables', sink: 'warehouse', mode: 'upsert' },
    },
  });
  return job.id;
}
