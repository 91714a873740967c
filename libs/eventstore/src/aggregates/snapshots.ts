import { quoteName } from '../schema/names.ts';
import type { Executor } from '../store/executor.ts';

/** State of an aggregate after `version` events. */
export interface Snapshot<State> {
  readonly version: number;
  readonly state: State;
}

/** Which aggregate in which version: a snapshot of another version of its code does not count. */
export interface SnapshotKey {
  readonly schema: string;
  readonly streamId: string;
  readonly aggregate: string;
  readonly aggregateVersion: number;
}

export async function loadSnapshot<State>(executor: Executor, key: SnapshotKey): Promise<Snapshot<State> | undefined> {
  const { rows } = await executor.query(
    `SELECT version, state FROM ${quoteName(key.schema)}.snapshots
     WHERE stream_id = $1 AND aggregate = $2 AND aggregate_version = $3`,
    [key.streamId, key.aggregate, key.aggregateVersion],
  );
  const [row] = rows as readonly { version: string; state: State }[];
  return row === undefined ? undefined : { version: Number(row.version), state: row.state };
}

/** Keeps a snapshot unless a newer one is there. It replaces one of another version of the aggregate. */
export async function saveSnapshot<State>(
  executor: Executor,
  key: SnapshotKey,
  { version, state }: Snapshot<State>,
): Promise<void> {
  await executor.query(
    `INSERT INTO ${quoteName(key.schema)}.snapshots AS s (stream_id, aggregate, aggregate_version, version, state)
     VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (stream_id, aggregate) DO UPDATE
     SET aggregate_version = excluded.aggregate_version, version = excluded.version, state = excluded.state
     WHERE s.version < excluded.version OR s.aggregate_version < excluded.aggregate_version`,
    [key.streamId, key.aggregate, key.aggregateVersion, version, JSON.stringify(state)],
  );
}
