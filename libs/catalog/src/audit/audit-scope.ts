import { AsyncLocalStorage } from 'node:async_hooks';

/** Who did something. */
export interface AuditActor {
  /** `local`: with the database's own credentials (`millrace init`); `system`: the platform by itself; `unknown`: before there were keys. */
  readonly kind: 'key' | 'session' | 'open' | 'local' | 'system' | 'unknown';
  readonly keyId: string | null;
  readonly name: string | null;
  readonly role: string | null;
}

/** What an entry says about the request that makes it. */
export interface AuditOrigin {
  readonly actor: AuditActor;
  readonly requestId: string | null;
  /** Remote address. */
  readonly address: string | null;
  /** Verb and route of the request, such as `PATCH /api/v1/sources/:id`. */
  readonly request: string | null;
}

/** A change that is being made: its entry is written, its outcome is not yet. */
export interface AuditScope {
  readonly entryId: number;
  readonly action: string;
  readonly origin: AuditOrigin;
  /** A transaction has taken it upon itself to write the outcome. */
  isTaken: boolean;
  /** For outcomes that no transaction writes. */
  note: AuditNote | undefined;
}

/** What was changed. Whoever writes it leaves secrets out. */
export interface AuditNote {
  readonly target?: string | undefined;
  readonly before?: unknown;
  readonly after?: unknown;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

const scopes = new AsyncLocalStorage<AuditScope>();

export const auditScope = (): AuditScope | undefined => scopes.getStore();

/** Runs the change with its scope: what it writes to the catalog finds the entry by it. */
export const runInAuditScope = <T>(scope: AuditScope, change: () => T): T => scopes.run(scope, change);

/**
 * Says what a change outside the catalog's transactions has done (a replication slot dropped, a command sent): kept with the outcome of the
 * request that is being worked on. Leave secrets out.
 */
export function noteChange(note: AuditNote): void {
  const scope = scopes.getStore();
  if (scope !== undefined) scope.note = { ...scope.note, ...note };
}
