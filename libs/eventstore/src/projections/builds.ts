import { formatLsn, type Lsn } from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import { DefinitionInvalid } from '../errors.ts';
import { type ConsumerRow, NO_LSN, readConsumers } from '../log/progress.ts';
import { quoteName } from '../schema/names.ts';
import { type Executor, type ExecutorPool, inTransaction } from '../store/executor.ts';
import type { Projection } from './projection.ts';
import { createTables, dropTables, pointViews } from './tables.ts';

/** How long dropping an old table waits for its last readers; then it is tried again at the next start. */
const DROP_LOCK_TIMEOUT = "SET LOCAL lock_timeout = '5s'";

/** Where a new consumer's history ends and its log begins. */
export interface Handover {
  readonly snapshot: string;
  readonly lsn: Lsn;
}

export interface BuildsOptions {
  readonly pool: ExecutorPool;
  readonly schema: string;
  readonly group: string;
  readonly handover: () => Promise<Handover>;
}

/** A projection and the build of it that is to run. */
export interface Build {
  readonly projection: Projection;
  readonly row: ConsumerRow;
}

/**
 * The builds of a group's projections. A build is one set of tables with its own progress. At most one of a name is `live` (readers' views
 * lead to it) and one `building`; each step from one to the other is one transaction, so a crash leaves a state that the next start goes
 * on from: build beside, swap, drop.
 */
export class Builds {
  readonly #options: BuildsOptions;
  readonly #consumers: string;

  constructor(options: BuildsOptions) {
    this.#options = options;
    this.#consumers = `${quoteName(options.schema)}.consumers`;
  }

  /** All rows of the group that hold its log: what this process runs and what waits for one that knows its version. */
  async rows(): Promise<readonly ConsumerRow[]> {
    const { pool, schema, group } = this.#options;
    return await readConsumers(pool, schema, "group_name = $1 AND role <> 'retired'", [group]);
  }

  /**
   * Makes what is missing for these versions of one projection (oldest first) and resolves with what is to run.
   * @throws MillraceError `eventstore.definition_invalid`: it is older than what is live, or belongs to another group
   */
  async open(versions: readonly Projection[]): Promise<readonly Build[]> {
    const newest = versions.at(-1)!;
    const { name } = newest;
    let { live, building } = await this.#read(name);
    if (live === undefined) {
      live = await this.#register(newest, 'live', undefined);
    } else if (newest.version < live.version) {
      throw new MillraceError(DefinitionInvalid, {
        message: `projection "${name}" is live in version ${live.version}; this program has version ${newest.version}`,
        mend: 'Run the newer program, or give the older definition a higher version.',
      });
    }
    if (building !== undefined && (building.version !== newest.version || building.progress.lsn === NO_LSN)) {
      await this.#discard(building);
      building = undefined;
    }
    if (building === undefined && (newest.version > live.version || live.rebuildWanted)) {
      building = await this.#register(newest, 'building', live);
    }
    const builds: Build[] = [];
    const current = versions.find(({ version }) => version === live.version);
    if (current !== undefined && live.progress.lsn !== NO_LSN) builds.push({ projection: current, row: live });
    if (building !== undefined) builds.push({ projection: newest, row: building });
    return builds;
  }

  /**
   * Lets readers see the new tables, if the new build has come as far as the old one; both rows are locked while that is compared.
   * Resolves whether it happened.
   */
  async swap(projection: Projection, building: ConsumerRow): Promise<boolean> {
    const { pool, schema } = this.#options;
    return await inTransaction(pool, async (tx) => {
      await tx.query(`SELECT FROM ${this.#consumers} WHERE name = $1 ORDER BY id FOR UPDATE`, [building.name]);
      const rows = await readConsumers(tx, schema, "name = $1 AND role <> 'retired'", [building.name]);
      const live = rows.find(({ role }) => role === 'live');
      const mine = rows.find(({ id, role }) => id === building.id && role === 'building');
      if (mine === undefined || !mine.progress.historyDone) return false;
      if (live !== undefined && isBehind(mine, live)) return false;
      await tx.query(`UPDATE ${this.#consumers} SET role = 'retired' WHERE name = $1 AND role = 'live'`, [
        building.name,
      ]);
      await tx.query(`UPDATE ${this.#consumers} SET role = 'live' WHERE id = $1`, [building.id]);
      await pointViews(tx, projection, building.id);
      return true;
    });
  }

  /** Drops the tables of builds that were swapped out. One that is still being read stays until the next time. */
  async dropRetired(): Promise<void> {
    const { pool, schema, group } = this.#options;
    const retired = await readConsumers(pool, schema, "group_name = $1 AND role = 'retired'", [group]);
    for (const row of retired) await this.#discard(row);
  }

  async #read(name: string): Promise<{ live?: ConsumerRow | undefined; building?: ConsumerRow | undefined }> {
    const { pool, schema, group } = this.#options;
    const rows = await readConsumers(pool, schema, "name = $1 AND role <> 'retired'", [name]);
    const elsewhere = rows.find(({ groupName }) => groupName !== group);
    if (elsewhere !== undefined) {
      throw new MillraceError(DefinitionInvalid, {
        message: `projection "${name}" belongs to group "${elsewhere.groupName}", not "${group}"`,
        mend: 'Run it in that group, or drop it there first.',
      });
    }
    return {
      live: rows.find(({ role }) => role === 'live'),
      building: rows.find(({ role }) => role === 'building'),
    };
  }

  async #register(
    projection: Projection,
    role: 'live' | 'building',
    beside: ConsumerRow | undefined,
  ): Promise<ConsumerRow> {
    const { pool, schema, group, handover } = this.#options;
    const { snapshot, lsn } = await handover();
    const id = await inTransaction(pool, async (tx) => {
      const { rows } = await tx.query(
        `INSERT INTO ${this.#consumers} (group_name, name, kind, version, role, snapshot, lsn)
         VALUES ($1, $2, 'projection', $3, $4, $5, $6) RETURNING id`,
        [group, projection.name, projection.version, role, snapshot, formatLsn(lsn)],
      );
      const [row] = rows as readonly { id: number }[];
      const tables = await createTables(tx, projection, row!.id);
      if (role === 'live') await pointViews(tx, projection, row!.id);
      await tx.query(`UPDATE ${this.#consumers} SET tables = $2 WHERE id = $1`, [row!.id, tables]);
      if (beside !== undefined) {
        await tx.query(`UPDATE ${this.#consumers} SET rebuild_wanted = false WHERE id = $1`, [beside.id]);
      }
      return row!.id;
    });
    const [made] = await readConsumers(pool, schema, 'id = $1', [id]);
    return made!;
  }

  async #discard({ id, tables }: ConsumerRow): Promise<void> {
    await inTransaction(this.#options.pool, async (tx: Executor) => {
      await tx.query(DROP_LOCK_TIMEOUT);
      await dropTables(tx, tables);
      await tx.query(`DELETE FROM ${this.#consumers} WHERE id = $1`, [id]);
    });
  }
}

/** Compared once both are through their history: a build whose log was lost is never ahead. */
function isBehind(build: ConsumerRow, live: ConsumerRow): boolean {
  if (!live.progress.historyDone) return false;
  const { lsn, index } = build.progress;
  return lsn < live.progress.lsn || (lsn === live.progress.lsn && index < live.progress.index);
}
