import type { Finding } from './connector.ts';

/** A table that a source could capture, as its system describes it now. */
export interface DiscoveredTable {
  /** As a stage names it: `public.orders`. */
  readonly id: string;
  readonly schema: string;
  readonly table: string;
  /** As of the last statistics; `undefined` when there are none. */
  readonly rowsEstimate: number | undefined;
  /** Without indexes. */
  readonly bytes: number | undefined;
  /** Columns of the key; empty without one. */
  readonly key: readonly string[];
  readonly replicaIdentity: string | undefined;
  /** What stands against it, and what would be slow, with the SQL that mends it. */
  readonly findings: readonly Finding[];
}

export interface Discovery {
  readonly tables: readonly DiscoveredTable[];
  /** There are more tables than are listed. */
  readonly isCut: boolean;
  /** About the system as a whole. */
  readonly findings: readonly Finding[];
}

/** A place in the log of the system that keeps it from removing what has not been read. */
export interface ReplicationSlot {
  readonly name: string;
  /** Id of the job whose name it bears, in upper case; whether there is such a job the platform knows. */
  readonly jobId: string;
  readonly isActive: boolean;
  /** Log kept for it. */
  readonly retainedBytes: number | undefined;
  /** Log that was not yet confirmed. */
  readonly lagBytes: number | undefined;
  /** What may still be written before the slot is lost; `undefined`: no limit, or not told. */
  readonly safeBytes: number | undefined;
  /** `reserved`, `extended`, `unreserved`, `lost`, where the system tells. */
  readonly state: string | undefined;
}
