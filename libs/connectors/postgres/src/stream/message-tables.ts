import type { TableSchema } from '@millrace/formats';
import { MESSAGE_SCHEMA } from '../config.ts';
import type { Relation } from './relation-cache.ts';

/** The virtual table of the messages with a prefix. */
export const messageTable = (prefix: string): TableSchema => ({
  id: `${MESSAGE_SCHEMA}.${prefix}`,
  schema: MESSAGE_SCHEMA,
  table: prefix,
  columns: [{ name: 'content', field: 0, kind: 'text', sqlType: 'text', key: false, nullable: false }],
  fieldCount: 1,
  replicaIdentity: 'full',
});

/** By prefix, as if the stream had announced them. They have no rows to load. */
export const messageRelations = (prefixes: readonly string[]): ReadonlyMap<string, Relation> =>
  new Map(prefixes.map((prefix) => [prefix, { oid: 0, schema: messageTable(prefix), keyFields: [], loading: false }]));
