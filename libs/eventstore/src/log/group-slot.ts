import { createHash } from 'node:crypto';
import { createSlot, dropSlot, PositionLost, verifySlot } from '@millrace/connector-postgres/log';
import { type Lsn, parseLsn } from '@millrace/formats';
import { type Clock, MillraceError } from '@millrace/kernel';
import type pg from 'pg';
import { NotMigrated, OtherCluster, SlotLost } from '../errors.ts';
import { publicationName } from '../schema/migrate.ts';
import { quoteName } from '../schema/names.ts';
import type { Executor } from '../store/executor.ts';

/** NAMEDATALEN - 1, less the hash and what joins it. */
const READABLE_CHARS_MAX = 50;
const HASH_DIGITS = 8;

/** First key of the advisory lock that the leader of a group holds; the second is a hash of schema and group. */
const LEADER_LOCK = 1_836_215_906;

/** Slots are named for the whole cluster, so the database is in the hash. */
export function slotName(database: string, schema: string, group: string): string {
  const hash = createHash('sha256').update(`${database} ${schema} ${group}`).digest('hex').slice(0, HASH_DIGITS);
  return `${`${schema}_${group}`.replaceAll('-', '_').slice(0, READABLE_CHARS_MAX)}_${hash}`;
}

export interface GroupSlotOptions {
  /** Holds the leader's lock as long as it lives. */
  readonly session: pg.Client;
  readonly schema: string;
  readonly group: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** The one slot of a group, and the lock of who reads it. */
export class GroupSlot {
  readonly name: string;
  readonly #options: GroupSlotOptions;
  readonly #groups: string;

  constructor(options: GroupSlotOptions) {
    this.#options = options;
    this.name = slotName(options.session.database ?? '', options.schema, options.group);
    this.#groups = `${quoteName(options.schema)}.groups`;
  }

  /** Resolves whether this session leads the group now. The lock goes with the session. */
  async tryLead(): Promise<boolean> {
    const { session, schema, group } = this.#options;
    const { rows } = await session.query<{ led: boolean }>('SELECT pg_try_advisory_lock($1, hashtext($2)) AS led', [
      LEADER_LOCK,
      `${schema} ${group}`,
    ]);
    return rows[0]!.led;
  }

  /**
   * Makes the slot, or checks the one that is there. Only the leader may.
   * @param held lowest position that a consumer still needs; undefined: none does
   * @returns the position it can serve from
   * @throws MillraceError `eventstore.slot_lost`, `.other_cluster`, `.not_migrated`, `postgres.…`
   */
  async open(held: Lsn | undefined): Promise<Lsn> {
    const { session, schema, group, clock, signal } = this.#options;
    await checkCluster(session, schema);
    const { rows } = await session.query(`SELECT FROM ${this.#groups} WHERE name = $1`, [group]);
    if (rows.length === 0) {
      if (held !== undefined) throw this.#lost('its record is gone');
      await this.#checkPublication();
      // Whoever died between the two left a slot that has served nothing: it is made anew.
      const lsn = await createSlot(session, this.name, clock, signal);
      await session.query(`INSERT INTO ${this.#groups} (name, slot) VALUES ($1, $2)`, [group, this.name]);
      return lsn;
    }
    await this.#checkPublication();
    const confirmed = await this.#confirmed();
    if (confirmed === undefined) throw this.#lost(`replication slot "${this.name}" is gone`);
    try {
      await verifySlot(session, this.name, held ?? confirmed);
    } catch (error) {
      if (!(error instanceof MillraceError) || error.code !== PositionLost) throw error;
      throw this.#lost(error.message, error);
    }
    return confirmed;
  }

  async #confirmed(): Promise<Lsn | undefined> {
    const { rows } = await this.#options.session.query<{ lsn: string }>(
      'SELECT confirmed_flush_lsn::text AS lsn FROM pg_replication_slots WHERE slot_name = $1',
      [this.name],
    );
    return rows[0] === undefined ? undefined : parseLsn(rows[0].lsn);
  }

  async #checkPublication(): Promise<void> {
    const { session, schema } = this.#options;
    const name = publicationName(schema);
    const { rows } = await session.query(
      `SELECT FROM pg_publication p JOIN pg_publication_tables t ON t.pubname = p.pubname
       WHERE p.pubname = $1 AND p.pubinsert AND t.schemaname = $2 AND t.tablename = 'events'`,
      [name, schema],
    );
    if (rows.length > 0) return;
    throw new MillraceError(NotMigrated, {
      message: `publication "${name}" does not publish the inserts into ${schema}.events`,
      mend: `CREATE PUBLICATION ${quoteName(name)} FOR TABLE ${quoteName(schema)}.events WITH (publish = 'insert'); -- then resetGroup`,
    });
  }

  #lost(reason: string, cause?: unknown): MillraceError {
    const { group } = this.#options;
    return new MillraceError(
      SlotLost,
      {
        message: `group "${group}" cannot go on from where it was: ${reason}`,
        mend: `No event is lost, they are all in the table. \`resetGroup(pool, "${group}")\` makes a new slot: its projections are rebuilt beside what readers see and swapped, its subscriptions begin again.`,
        details: { group, slot: this.name },
      },
      { cause },
    );
  }
}

/**
 * Transaction ids of a database that was restored into another cluster mean nothing there: what a snapshot sees of the events would be
 * wrong, so nobody reads them.
 * @throws MillraceError `eventstore.other_cluster`
 */
async function checkCluster(session: Executor, schema: string): Promise<void> {
  const events = `${quoteName(schema)}.events`;
  const { rows } = await session.query(
    `SELECT FROM ((SELECT transaction_id FROM ${events} ORDER BY position LIMIT 1)
       UNION ALL (SELECT transaction_id FROM ${events} ORDER BY position DESC LIMIT 1)) AS ends
     WHERE transaction_id >= pg_snapshot_xmax(pg_current_snapshot())`,
  );
  if (rows.length === 0) return;
  throw new MillraceError(OtherCluster, {
    message: 'the events have transaction ids from the future: the database was restored into another cluster',
    mend: `While nobody appends: UPDATE ${events} SET transaction_id = '3'; then resetGroup for each group.`,
  });
}

/** Drops a group's slot; whoever reads from it is cut off. Safe to call twice. */
export async function dropGroupSlot(options: GroupSlotOptions): Promise<void> {
  await dropSlot(options.session, new GroupSlot(options).name, options.clock, options.signal);
}
