import { Catalog1795219200000 } from './1795219200000-catalog.ts';

/** Every migration of the metadata database, oldest first. Append only: one that was merged is never edited. */
export const migrations = [Catalog1795219200000] as const;
