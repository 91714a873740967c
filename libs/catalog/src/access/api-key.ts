import type { AccessRole } from './access-role.ts';

/** An API key as it is kept: without its secret. */
export interface ApiKey {
  readonly id: string;
  /** Unique among keys that are not revoked. */
  readonly name: string;
  readonly role: AccessRole;
  /** Name of who made it. */
  readonly createdBy: string;
  readonly createdAt: Date;
  /** When its secret was replaced last. */
  readonly rotatedAt: Date | null;
  /** Until when the secret before that still works. */
  readonly oldSecretUntil: Date | null;
  readonly expiresAt: Date | null;
  /** To the minute. */
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
  readonly isExpired: boolean;
}

/** A key whose secret was just made: the only time it is seen. */
export interface IssuedKey {
  readonly key: ApiKey;
  readonly text: string;
}

export interface ApiKeyInput {
  readonly name: string;
  readonly role: AccessRole;
  readonly createdBy: string;
  /** From now; without it the key does not expire. */
  readonly expiresInMs: number | undefined;
}

export const KEY_COLUMNS = `id, name, role, created_by AS "createdBy", created_at AS "createdAt", rotated_at AS "rotatedAt",
  old_secret_until AS "oldSecretUntil", expires_at AS "expiresAt", last_used_at AS "lastUsedAt", revoked_at AS "revokedAt",
  COALESCE(expires_at <= now(), false) AS "isExpired"`;

/** What the audit log keeps of a key. */
export const auditedKey = ({ id, name, role, expiresAt, oldSecretUntil, revokedAt }: ApiKey) => ({
  id,
  name,
  role,
  expiresAt,
  oldSecretUntil,
  revokedAt,
});
