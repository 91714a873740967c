import { formatLsn, type Lsn, lsn, parseLsn } from '@millrace/formats';
import { quoteName } from '../schema/names.ts';
import type { Executor } from '../store/executor.ts';

/**
 * How far a consumer has come. First its history: events that `snapshot` sees, by position. Then the log: everything that commits
 * before `lsn` is done, and of the transaction that commits there the events below `index`. Events that the snapshot sees are history
 * wherever they are met, so the two halves meet without a gap and nothing is in both.
 */
export interface Progress {
  readonly historyDone: boolean;
  readonly historyPosition: number;
  readonly lsn: Lsn;
  readonly index: number;
}

/** A consumer as it is in its table. */
export interface ConsumerRow {
  readonly id: number;
  readonly groupName: string;
  readonly name: string;
  readonly version: number;
  readonly role: 'live' | 'building' | 'retired';
  readonly tables: readonly string[];
  /** `pg_snapshot` that its history is; undefined: it has none. */
  readonly snapshot: string | undefined;
  readonly progress: Progress;
  readonly rebuildWanted: boolean;
  readonly stopped: Stopped | undefined;
}

/** Why a consumer does not go on, and at which event. */
export interface Stopped {
  readonly position: number;
  readonly type: string;
  readonly streamId: string;
  readonly message: string;
  /** Progress behind the event: what to skip it means. */
  readonly after: { readonly historyPosition?: number; readonly lsn?: string; readonly index?: number };
}

export const NO_LSN: Lsn = lsn(0n);

interface RawRow {
  readonly id: number;
  readonly group_name: string;
  readonly name: string;
  readonly version: number;
  readonly role: ConsumerRow['role'];
  readonly tables: readonly string[];
  readonly snapshot: string | null;
  readonly history_done: boolean;
  readonly history_position: string;
  readonly lsn: string;
  readonly lsn_index: string;
  readonly rebuild_wanted: boolean;
  readonly stopped: Stopped | null;
}

const COLUMNS =
  'id, group_name, name, version, role, tables, snapshot::text, history_done, history_position, lsn::text, lsn_index, rebuild_wanted, stopped';

/** Consumers by a condition on their table. */
export async function readConsumers(
  executor: Executor,
  schema: string,
  where: string,
  params: readonly unknown[],
): Promise<readonly ConsumerRow[]> {
  const sql = `SELECT ${COLUMNS} FROM ${quoteName(schema)}.consumers WHERE ${where}`;
  const { rows } = await executor.query(sql, params);
  return (rows as readonly RawRow[]).map((row) => ({
    id: row.id,
    groupName: row.group_name,
    name: row.name,
    version: row.version,
    role: row.role,
    tables: row.tables,
    snapshot: row.snapshot ?? undefined,
    progress: {
      historyDone: row.history_done,
      historyPosition: Number(row.history_position),
      lsn: parseLsn(row.lsn),
      index: Number(row.lsn_index),
    },
    rebuildWanted: row.rebuild_wanted,
    stopped: row.stopped ?? undefined,
  }));
}

/** `column = value, …` of a progress; all of it numbers and LSNs, so nothing to quote. */
export const progressSql = ({ historyDone, historyPosition, lsn: at, index }: Progress): string =>
  `history_done = ${historyDone}, history_position = ${historyPosition}, lsn = '${formatLsn(at)}', lsn_index = ${index}`;

/** The condition that a row still has this progress. */
export const isAtSql = ({ historyDone, historyPosition, lsn: at, index }: Progress): string =>
  `history_done = ${historyDone} AND history_position = ${historyPosition} AND lsn = '${formatLsn(at)}' AND lsn_index = ${index}`;
