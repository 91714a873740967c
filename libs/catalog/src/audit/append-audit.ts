import { maskSecretsDeep } from '@millrace/kernel';
import type { EntityManager } from 'typeorm';
import { type AuditNote, type AuditOrigin, auditScope } from './audit-scope.ts';

type Manager = Pick<EntityManager, 'query'>;

const SYSTEM: AuditOrigin = {
  actor: { kind: 'system', keyId: null, name: null, role: null },
  requestId: null,
  address: null,
  request: null,
};

export type AuditOutcome = 'done' | 'refused' | 'failed';

const json = (value: unknown): string | null =>
  value === undefined || value === null ? null : JSON.stringify(maskSecretsDeep(value));

/** The entry alone: something is about to be done. @returns its id */
export async function insertEntry(
  manager: Manager,
  { action, target, details, origin }: AuditEntryInput & { readonly origin: AuditOrigin },
): Promise<number> {
  const { actor, requestId, address, request } = origin;
  const [row] = await manager.query<[{ id: string }]>(
    `INSERT INTO millrace.audit (action, target, request_id, details, actor_kind, actor_id, actor_name, actor_role, address, request)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id`,
    [
      action,
      maskSecretsDeep(target),
      requestId,
      json(details ?? {}),
      actor.kind,
      actor.keyId,
      actor.name,
      actor.role,
      address,
      request,
    ],
  );
  return Number(row.id);
}

export interface AuditEntryInput {
  /** What is done, such as `source.update`. */
  readonly action: string;
  /** What it is done to, such as `job/` and its id. */
  readonly target: string;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

/** What became of it; the first outcome stays. */
export async function insertOutcome(
  manager: Manager,
  entryId: number,
  { outcome, code, target, before, after, details }: AuditNote & { outcome: AuditOutcome; code?: string | undefined },
): Promise<void> {
  await manager.query(
    `INSERT INTO millrace.audit_outcome (audit_id, outcome, code, target, before, after, details)
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
    [entryId, outcome, code ?? null, maskSecretsDeep(target ?? null), json(before), json(after), json(details)],
  );
}

/**
 * Writes what was done in the transaction of the deed: both are there, or neither. Within a request whose entry is written already this is its
 * outcome; what else a request does along the way, or what is done without one, becomes an entry of its own.
 */
export async function appendAudit(
  manager: EntityManager,
  { action, target, requestId, ...note }: AuditEntryInput & AuditNote & { readonly requestId?: string },
): Promise<void> {
  const scope = auditScope();
  if (scope !== undefined && !scope.isTaken && scope.action === action) {
    scope.isTaken = true;
    await insertOutcome(manager, scope.entryId, { outcome: 'done', target, ...note });
    return;
  }
  const origin = scope?.origin ?? (requestId === undefined ? SYSTEM : { ...SYSTEM, requestId });
  const entryId = await insertEntry(manager, { action, target, origin });
  await insertOutcome(manager, entryId, { outcome: 'done', target, ...note });
}
