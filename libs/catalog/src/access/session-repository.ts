import { createHash, randomBytes } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { type ApiKey, KEY_COLUMNS } from './api-key.ts';

/** A session of a browser ends after this long, or with its key. */
export const SESSION_HOURS = 12;
/** Sessions of one key; the oldest gives way. */
export const SESSIONS_PER_KEY_MAX = 100;
const TOKEN_BYTES = 32;
const PURGE_ROWS_MAX = 1_000;

export interface Session {
  readonly key: ApiKey;
  readonly expiresAt: Date;
}

/** As with keys: 256 random bits need no slow hash. */
const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();

/** Sessions that a key has begun for a browser. Only the hash of a session's token is kept. */
export class SessionRepository {
  readonly #dataSource: DataSource;

  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource;
  }

  /** @returns the token for the cookie, and when it ends */
  async begin(keyId: string): Promise<{ readonly token: string; readonly expiresAt: Date }> {
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    return this.#dataSource.transaction(async (manager) => {
      await manager.query(
        `DELETE FROM millrace.api_session WHERE token_hash IN (
           SELECT token_hash FROM millrace.api_session WHERE expires_at < now() LIMIT ${PURGE_ROWS_MAX} FOR UPDATE SKIP LOCKED)`,
      );
      await manager.query(
        `DELETE FROM millrace.api_session WHERE token_hash IN (
           SELECT token_hash FROM millrace.api_session WHERE key_id = $1 ORDER BY created_at DESC OFFSET ${SESSIONS_PER_KEY_MAX - 1})`,
        [keyId],
      );
      const [row] = await manager.query<[{ expiresAt: Date }]>(
        `INSERT INTO millrace.api_session (token_hash, key_id, expires_at)
         SELECT $1, id, LEAST(now() + interval '${SESSION_HOURS} hours', expires_at) FROM millrace.api_key WHERE id = $2
         RETURNING expires_at AS "expiresAt"`,
        [hashOf(token), keyId],
      );
      return { token, expiresAt: row.expiresAt };
    });
  }

  /** The session of a token, whose key still works. */
  async find(token: string): Promise<Session | undefined> {
    const [row] = await this.#dataSource.query<(ApiKey & { sessionEnds: Date })[]>(
      `SELECT k.*, s.expires_at AS "sessionEnds" FROM millrace.api_session s
       JOIN LATERAL (SELECT ${KEY_COLUMNS} FROM millrace.api_key WHERE id = s.key_id) k ON true
       WHERE s.token_hash = $1 AND s.expires_at > now() AND k."revokedAt" IS NULL AND NOT k."isExpired"`,
      [hashOf(token)],
    );
    if (row === undefined) return undefined;
    const { sessionEnds, ...key } = row;
    return { key, expiresAt: sessionEnds };
  }

  /** Already ended is fine. */
  async end(token: string): Promise<void> {
    await this.#dataSource.query('DELETE FROM millrace.api_session WHERE token_hash = $1', [hashOf(token)]);
  }
}
