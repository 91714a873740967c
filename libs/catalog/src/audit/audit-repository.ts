import type { DataSource, EntityManager } from 'typeorm';
import type { PageRequest } from '../page.ts';

/** Something a person did that is not to be forgotten. */
export interface AuditEntry {
  /** Grows with time. */
  readonly id: number;
  readonly at: Date;
  /** What was done, such as `dead_letter.discard`. */
  readonly action: string;
  /** What it was done to: `job/` and the job's id. */
  readonly target: string;
  /** Of the request that did it, as in the log of the api. */
  readonly requestId: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface AuditFilter {
  readonly action?: string | undefined;
  readonly target?: string | undefined;
}

export interface AuditPage {
  readonly items: readonly AuditEntry[];
  /** Id to pass as `before` for the next page; absent on the last. */
  readonly next: number | undefined;
}

/** Writes an entry in the transaction of the deed: both are there, or neither. */
export async function appendAudit(
  manager: EntityManager,
  { action, target, requestId, details }: Omit<AuditEntry, 'id' | 'at'>,
): Promise<void> {
  await manager.query('INSERT INTO millrace.audit (action, target, request_id, details) VALUES ($1, $2, $3, $4)', [
    action,
    target,
    requestId,
    JSON.stringify(details),
  ]);
}

/** What people did, kept also when the job it was done to is gone. Nothing here changes or removes an entry. */
export class AuditRepository {
  readonly #dataSource: DataSource;

  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource;
  }

  /** The newest first. */
  async list(
    { action, target }: AuditFilter,
    page: Pick<PageRequest, 'limit'> & { before?: number },
  ): Promise<AuditPage> {
    const rows = await this.#dataSource.query<(Omit<AuditEntry, 'id'> & { id: string })[]>(
      `SELECT id, at, action, target, request_id AS "requestId", details FROM millrace.audit
       WHERE ($1::text IS NULL OR action = $1) AND ($2::text IS NULL OR target = $2) AND ($3::bigint IS NULL OR id < $3)
       ORDER BY id DESC LIMIT $4`,
      [action ?? null, target ?? null, page.before ?? null, page.limit + 1],
    );
    const items = rows.slice(0, page.limit).map((row) => ({ ...row, id: Number(row.id) }));
    return { items, next: rows.length > page.limit ? items.at(-1)?.id : undefined };
  }
}
