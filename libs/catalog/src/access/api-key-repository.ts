import { MillraceError, suggestNames } from '@millrace/kernel';
import type { DataSource, EntityManager } from 'typeorm';
import { appendAudit } from '../audit/append-audit.ts';
import { isIdOrName } from '../id-or-name.ts';
import { type Page, type PageRequest, toPage } from '../page.ts';
import { violatedUnique } from '../postgres-error.ts';
import { type ApiKey, type ApiKeyInput, auditedKey, type IssuedKey, KEY_COLUMNS } from './api-key.ts';
import {
  FirstKeyExists,
  KeyExpired,
  KeyMalformed,
  KeyMistyped,
  KeyNameTaken,
  KeyNotUsable,
  KeyRevoked,
  KeyUnknown,
  LastAdminKey,
  NoSuchKey,
} from './errors.ts';
import { hashesEqual, hashOf, keyText, newSecret, parseKey } from './key-text.ts';

/** How exactly the last use is kept: a write to the database at most this often for each key. */
const LAST_USED_SECONDS = 60;
/** Names that a refusal suggests from. */
const NAMES_MAX = 1_000;
/** Serialises what depends on which keys there are: the first one, the last admin. Bytes of "mlrc_key". */
const KEYS_LOCK = '7885647193366291833';

interface KeyRow extends ApiKey {
  readonly secretHash: Buffer;
  readonly oldSecretHash: Buffer | null;
  readonly isOldValid: boolean;
  readonly isUseStale: boolean;
}

const USABLE = 'revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())';

/** API keys. Only the hash of a secret is kept; its text leaves once, when it is made. A revoked key stays in the list. */
export class ApiKeyRepository {
  readonly #dataSource: DataSource;

  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource;
  }

  /** Has there ever been a key? While not, the API is open to this machine. */
  async exist(): Promise<boolean> {
    const [row] = await this.#dataSource.query<[{ exists: boolean }]>(
      'SELECT EXISTS (SELECT FROM millrace.api_key) AS exists',
    );
    return row.exists;
  }

  /**
   * Makes the first key, an admin's; of several callers at once exactly one succeeds.
   * @param recover also when there are keys but no usable admin's among them: for somebody who has the database's own credentials
   * @throws MillraceError `access.first_key_exists`
   */
  async createFirst(
    id: string,
    input: Omit<ApiKeyInput, 'role'>,
    { recover = false }: { readonly recover?: boolean } = {},
  ): Promise<IssuedKey> {
    return this.#locked(async (manager) => {
      const [row] = await manager.query<[{ keys: number; admins: number }]>(
        `SELECT count(*)::int AS keys, (count(*) FILTER (WHERE role = 'admin' AND ${USABLE}))::int AS admins FROM millrace.api_key`,
      );
      if (recover ? row.admins > 0 : row.keys > 0) throw firstExists(recover);
      return this.#insert(manager, id, { ...input, role: 'admin' }, 'api_key.create_first');
    });
  }

  /** @throws MillraceError `api_key.name_taken` */
  async create(id: string, input: ApiKeyInput): Promise<IssuedKey> {
    return this.#dataSource.transaction((manager) => this.#insert(manager, id, input, 'api_key.create'));
  }

  async list({ limit, after }: PageRequest): Promise<Page<ApiKey>> {
    const rows = await this.#dataSource.query<ApiKey[]>(
      `SELECT ${KEY_COLUMNS} FROM millrace.api_key WHERE $1::text IS NULL OR id > $1 ORDER BY id LIMIT $2`,
      [after ?? null, limit + 1],
    );
    return toPage(rows, limit);
  }

  /**
   * The key a secret belongs to.
   * @throws MillraceError `access.key_malformed`, `access.key_mistyped`, `access.key_unknown`, and to whoever has the secret
   *   `access.key_revoked`, `access.key_expired`
   */
  async authenticate(text: string): Promise<ApiKey> {
    const parts = parseKey(text);
    if (parts === undefined) throw malformed();
    if (parts === 'mistyped') throw mistyped();
    const [row] = await this.#dataSource.query<KeyRow[]>(
      `SELECT ${KEY_COLUMNS}, secret_hash AS "secretHash", old_secret_hash AS "oldSecretHash",
         COALESCE(old_secret_until > now(), false) AS "isOldValid",
         last_used_at IS NULL OR last_used_at < now() - interval '${LAST_USED_SECONDS} seconds' AS "isUseStale"
       FROM millrace.api_key WHERE id = $1`,
      [parts.id],
    );
    const hash = hashOf(parts.secret);
    const isCurrent = row !== undefined && hashesEqual(hash, row.secretHash);
    const isOld = row?.oldSecretHash != null && hashesEqual(hash, row.oldSecretHash);
    if (row === undefined || !(isCurrent || isOld)) throw unknownKey(parts.id);
    const { secretHash: _, oldSecretHash: __, isOldValid, isUseStale, ...key } = row;
    if (key.revokedAt !== null) throw revoked(key);
    if (key.isExpired) throw expired(key, key.expiresAt);
    if (!isCurrent && !isOldValid) throw expired(key, key.oldSecretUntil);
    if (isUseStale) await this.touch(key.id);
    return key;
  }

  /** Notes that a key is used, at most once a minute however many requests come. */
  async touch(id: string): Promise<void> {
    await this.#dataSource.query(
      `UPDATE millrace.api_key SET last_used_at = now()
       WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < now() - interval '${LAST_USED_SECONDS} seconds')`,
      [id],
    );
  }

  /** The key, while it is neither revoked nor expired. */
  async usable(id: string): Promise<ApiKey | undefined> {
    const [row] = await this.#dataSource.query<ApiKey[]>(
      `SELECT ${KEY_COLUMNS} FROM millrace.api_key WHERE id = $1 AND ${USABLE}`,
      [id],
    );
    return row;
  }

  /**
   * Ends a key for good, its sessions with it; revoked already is fine.
   * @throws MillraceError `api_key.unknown`, `api_key.last_admin`
   */
  async revoke(idOrName: string): Promise<ApiKey> {
    return this.#locked(async (manager) => {
      const key = await this.#find(manager, idOrName);
      if (key.revokedAt !== null) return key;
      if (key.role === 'admin' && !key.isExpired && !(await this.#hasOtherAdmin(manager, key.id))) throw lastAdmin(key);
      await manager.query('UPDATE millrace.api_key SET revoked_at = now() WHERE id = $1', [key.id]);
      await manager.query('DELETE FROM millrace.api_session WHERE key_id = $1', [key.id]);
      const after = await this.#find(manager, key.id);
      const target = `api-key/${key.id}`;
      await appendAudit(manager, {
        action: 'api_key.revoke',
        target,
        before: auditedKey(key),
        after: auditedKey(after),
      });
      return after;
    });
  }

  /**
   * Gives a key a new secret. The one before works for `graceMs` more, and so do the sessions it began.
   * @param expiresInMs new end of the key, from now; `null` for none; without it the end stays
   * @throws MillraceError `api_key.unknown`, `api_key.not_usable`
   */
  async rotate(
    idOrName: string,
    { graceMs, expiresInMs }: { readonly graceMs: number; readonly expiresInMs?: number | null | undefined },
  ): Promise<IssuedKey> {
    return this.#locked(async (manager) => {
      const before = await this.#find(manager, idOrName);
      if (before.revokedAt !== null || (before.isExpired && expiresInMs === undefined)) throw notUsable(before);
      const secret = newSecret();
      await manager.query(
        `UPDATE millrace.api_key SET old_secret_hash = secret_hash, secret_hash = $2, rotated_at = now(),
           old_secret_until = now() + $3::bigint * interval '1 ms',
           expires_at = CASE WHEN $5 THEN expires_at ELSE now() + $4::bigint * interval '1 ms' END
         WHERE id = $1`,
        [before.id, hashOf(secret), graceMs, expiresInMs ?? null, expiresInMs === undefined],
      );
      await manager.query(
        `UPDATE millrace.api_session SET expires_at = LEAST(expires_at, now() + $2::bigint * interval '1 ms') WHERE key_id = $1`,
        [before.id, graceMs],
      );
      const key = await this.#find(manager, before.id);
      const target = `api-key/${key.id}`;
      await appendAudit(manager, {
        action: 'api_key.rotate',
        target,
        before: auditedKey(before),
        after: auditedKey(key),
      });
      return { key, text: keyText({ id: key.id, secret }) };
    });
  }

  #locked<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.#dataSource.transaction(async (manager) => {
      await manager.query(`SELECT pg_advisory_xact_lock(${KEYS_LOCK})`);
      return work(manager);
    });
  }

  async #insert(
    manager: EntityManager,
    id: string,
    { name, role, createdBy, expiresInMs }: ApiKeyInput,
    action: string,
  ): Promise<IssuedKey> {
    const secret = newSecret();
    try {
      await manager.query(
        `INSERT INTO millrace.api_key (id, name, role, secret_hash, created_by, expires_at)
         VALUES ($1, $2, $3, $4, $5, now() + $6::bigint * interval '1 ms')`,
        [id, name, role, hashOf(secret), createdBy, expiresInMs ?? null],
      );
    } catch (error) {
      if (violatedUnique(error) === undefined) throw error;
      throw nameTaken(name, error);
    }
    const key = await this.#find(manager, id);
    await appendAudit(manager, { action, target: `api-key/${id}`, after: auditedKey(key) });
    return { key, text: keyText({ id, secret }) };
  }

  /** A name means the key that is not revoked. */
  async #find(manager: EntityManager, idOrName: string): Promise<ApiKey> {
    const [found] = isIdOrName(idOrName)
      ? await manager.query<ApiKey[]>(
          `SELECT ${KEY_COLUMNS} FROM millrace.api_key WHERE id = $1 OR name = $1 AND revoked_at IS NULL`,
          [idOrName],
        )
      : [];
    if (found !== undefined) return found;
    const names = await manager.query<{ name: string }[]>(
      `SELECT name FROM millrace.api_key WHERE revoked_at IS NULL ORDER BY name LIMIT ${NAMES_MAX}`,
    );
    throw new MillraceError(NoSuchKey, {
      message: `there is no API key "${idOrName}"`,
      mend: suggestNames(
        'API key',
        idOrName,
        names.map(({ name }) => name),
      ),
      details: { name: idOrName },
    });
  }

  async #hasOtherAdmin(manager: EntityManager, id: string): Promise<boolean> {
    const rows: unknown[] = await manager.query(
      `SELECT FROM millrace.api_key WHERE role = 'admin' AND id <> $1 AND ${USABLE}`,
      [id],
    );
    return rows.length > 0;
  }
}

const malformed = (): MillraceError =>
  new MillraceError(KeyMalformed, {
    message: 'what was sent is not an API key: a key begins with mlr_',
    mend: 'Send the header authorization: Bearer mlr_…, with the key as it was shown when it was made.',
  });

const mistyped = (): MillraceError =>
  new MillraceError(KeyMistyped, {
    message: 'the API key is mistyped or cut off: its check sum is wrong',
    mend: 'Copy it again as a whole: 79 characters, from mlr_ on.',
  });

const unknownKey = (id: string): MillraceError =>
  new MillraceError(KeyUnknown, {
    message: `the API key mlr_${id} is not one of this installation, or its secret has been replaced`,
    mend: 'Check that key and address belong together; an admin sees the keys with millrace keys list.',
    details: { key: id },
  });

const expired = ({ id, name }: ApiKey, at: Date | null): MillraceError =>
  new MillraceError(KeyExpired, {
    message: `the API key "${name}" expired at ${at?.toISOString()}`,
    mend: `Ask an admin for a new secret: millrace keys rotate ${id}. When no admin's key works, run millrace init where the metadata database can be reached.`,
    details: { key: id, expiredAt: at?.toISOString() },
  });

const revoked = ({ id, name, revokedAt }: ApiKey): MillraceError =>
  new MillraceError(KeyRevoked, {
    message: `the API key "${name}" was revoked at ${revokedAt?.toISOString()}`,
    mend: 'Ask an admin for another: millrace keys create.',
    details: { key: id },
  });

const nameTaken = (name: string, cause: unknown): MillraceError =>
  new MillraceError(
    KeyNameTaken,
    {
      message: `an API key named "${name}" exists already`,
      mend: `Choose another name, or give that one a new secret with POST /api/v1/api-keys/${name}/rotate.`,
      pointer: '/name',
    },
    { cause },
  );

const notUsable = ({ name, revokedAt }: ApiKey): MillraceError =>
  revokedAt === null
    ? new MillraceError(KeyNotUsable, {
        message: `the API key "${name}" has expired: a new secret would not work either`,
        mend: 'Say with "expiresIn" how long it is to work, such as "90d".',
        pointer: '/expiresIn',
      })
    : new MillraceError(KeyNotUsable, {
        message: `the API key "${name}" is revoked and stays so`,
        mend: 'Make a new one with POST /api/v1/api-keys.',
      });

const lastAdmin = ({ name }: ApiKey): MillraceError =>
  new MillraceError(LastAdminKey, {
    message: `"${name}" is the only admin's key that works: without it nobody could manage keys`,
    mend: `Make another admin's key first, or replace its secret with POST /api/v1/api-keys/${name}/rotate and "oldKeyWorksFor": "0s".`,
  });

const firstExists = (recover: boolean): MillraceError =>
  new MillraceError(FirstKeyExists, {
    message: recover ? "there is an admin's key that works already" : 'there are API keys already',
    mend: 'Use one of an admin to make more: millrace keys create, or POST /api/v1/api-keys. Lost them all? Run millrace init where the metadata database can be reached, once they have expired.',
  });
