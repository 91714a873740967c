import type { DataSource } from 'typeorm';
import type { PageRequest } from '../page.ts';
import { type AuditEntryInput, type AuditOutcome, insertEntry, insertOutcome } from './append-audit.ts';
import type { AuditActor, AuditOrigin, AuditScope } from './audit-scope.ts';

/** Old entries removed by one statement. */
const PURGE_ROWS_MAX = 1_000;
/** Statements of one purge. */
const PURGE_ROUNDS_MAX = 100;

/** Something that was done, or that was to be done. */
export interface AuditEntry {
  /** Grows with time. */
  readonly id: number;
  readonly at: Date;
  readonly actor: AuditActor;
  /** What was done, such as `dead_letter.discard`. */
  readonly action: string;
  /** What it was done to: `job/` and the job's id. */
  readonly target: string;
  /** What it is called, where that is noted: of what was created, changed or deleted. */
  readonly targetName: string | null;
  /** Of the request that did it, as in the log of the api. */
  readonly requestId: string | null;
  /** Verb and route. */
  readonly request: string | null;
  readonly address: string | null;
  /** `unknown`: it is under way, or the process died before it could say. */
  readonly outcome: AuditOutcome | 'unknown';
  /** Of the error, when it was refused or failed. */
  readonly code: string | null;
  readonly before: unknown;
  readonly after: unknown;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface AuditFilter {
  readonly action?: string | undefined;
  readonly target?: string | undefined;
  /** Id or name of a key, or a kind of actor such as `open`. */
  readonly actor?: string | undefined;
  readonly outcome?: AuditEntry['outcome'] | undefined;
  readonly since?: Date | undefined;
  /** Exclusive. */
  readonly until?: Date | undefined;
}

export interface AuditPage {
  readonly items: readonly AuditEntry[];
  /** Id to pass as `before` for the next page; absent on the last. */
  readonly next: number | undefined;
}

type AuditRow = Omit<AuditEntry, 'id' | 'actor'> & {
  readonly id: string;
  readonly kind: AuditActor['kind'];
  readonly keyId: string | null;
  readonly name: string | null;
  readonly role: string | null;
};

/** What was done, by whom, kept also when what it was done to is gone. Nothing changes an entry; only old ones are removed. */
export class AuditRepository {
  readonly #dataSource: DataSource;

  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource;
  }

  /** Writes that something is about to be done: a change whose outcome is never written is still known. */
  async begin(entry: AuditEntryInput, origin: AuditOrigin): Promise<AuditScope> {
    const entryId = await insertEntry(this.#dataSource, { ...entry, origin });
    return { entryId, action: entry.action, origin, isTaken: false, note: undefined };
  }

  /** Writes what became of it, unless the transaction of the change has. */
  async end(scope: AuditScope, result: { readonly outcome: AuditOutcome; readonly code?: string }): Promise<void> {
    await insertOutcome(this.#dataSource, scope.entryId, { ...scope.note, ...result });
  }

  /** Something that was refused before it began. */
  async refused(entry: AuditEntryInput, origin: AuditOrigin, code: string): Promise<void> {
    const { entryId } = await this.begin(entry, origin);
    await insertOutcome(this.#dataSource, entryId, { outcome: 'refused', code });
  }

  /** The newest first. */
  async list(filter: AuditFilter, page: Pick<PageRequest, 'limit'> & { before?: number }): Promise<AuditPage> {
    const { action, target, actor, outcome, since, until } = filter;
    const rows = await this.#dataSource.query<AuditRow[]>(
      `SELECT a.id, a.at, a.actor_kind AS kind, a.actor_id AS "keyId", a.actor_name AS name, a.actor_role AS role, a.action,
         COALESCE(o.target, a.target) AS target, COALESCE(o.after->>'name', o.before->>'name') AS "targetName", a.request_id AS "requestId", a.request, a.address,
         COALESCE(o.outcome, 'unknown') AS outcome, o.code, o.before, o.after, COALESCE(o.details, a.details) AS details
       FROM millrace.audit a LEFT JOIN millrace.audit_outcome o ON o.audit_id = a.id
       WHERE ($1::text IS NULL OR a.action = $1)
         AND ($2::text IS NULL OR COALESCE(o.target, a.target) = $2)
         AND ($3::text IS NULL OR a.actor_id = $3 OR a.actor_name = $3 OR a.actor_kind = $3)
         AND ($4::text IS NULL OR COALESCE(o.outcome, 'unknown') = $4)
         AND ($5::timestamptz IS NULL OR a.at >= $5) AND ($6::timestamptz IS NULL OR a.at < $6)
         AND ($7::bigint IS NULL OR a.id < $7)
       ORDER BY a.id DESC LIMIT $8`,
      [
        action ?? null,
        target ?? null,
        actor ?? null,
        outcome ?? null,
        since ?? null,
        until ?? null,
        page.before ?? null,
        page.limit + 1,
      ],
    );
    const items = rows.slice(0, page.limit).map(({ id, kind, keyId, name, role, ...entry }) => ({
      ...entry,
      id: Number(id),
      actor: { kind, keyId, name, role },
    }));
    return { items, next: rows.length > page.limit ? items.at(-1)?.id : undefined };
  }

  /** Removes entries older than `days` (the database keeps the last 30 days whatever is asked). @returns how many */
  async purge(days: number): Promise<number> {
    let removed = 0;
    for (let round = 0; round < PURGE_ROUNDS_MAX; round++) {
      const [, count] = await this.#dataSource.query<[unknown, number]>(
        `DELETE FROM millrace.audit WHERE id IN (
           SELECT id FROM millrace.audit WHERE at < now() - make_interval(days => $1) AND at < now() - interval '30 days'
           ORDER BY at LIMIT ${PURGE_ROWS_MAX} FOR UPDATE SKIP LOCKED)`,
        [days],
      );
      removed += count;
      if (count < PURGE_ROWS_MAX) break;
    }
    return removed;
  }
}
