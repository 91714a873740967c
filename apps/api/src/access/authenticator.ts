import { type ApiKey, Catalog, includesRole } from '@millrace/catalog';
import { MillraceError } from '@millrace/kernel';
import type { FastifyRequest } from 'fastify';
import type { Actor } from './actor.ts';
import { KeyMissing, SessionEnded } from './errors.ts';
import { refuseOtherMachines } from './open-access.ts';
import { type PublicUrl, refuseOtherPages, sessionToken } from './session-cookie.ts';

const BEARER = /^Bearer +(\S+) *$/i;
const CHANGES = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** Whoever reaches the API while it has no key. */
export const OPEN: Actor = { kind: 'open', keyId: null, name: 'open', role: 'admin', expiresAt: null };

export interface AuthenticatorSettings {
  /** While there is no key, other machines may do everything too. */
  readonly allowOpenApi: boolean;
  readonly publicUrl: PublicUrl;
}

const actorOfKey = ({ id, name, role, expiresAt }: ApiKey): Actor => ({
  kind: 'key',
  keyId: id,
  name,
  role,
  expiresAt,
});

/** Tells who calls. Every request asks the database, so that a key that is revoked is refused at once, by every process. */
export class Authenticator {
  readonly #catalog: Catalog;
  readonly #settings: AuthenticatorSettings;
  /** Once there has been a key the API never opens again. */
  #isClosed = false;

  constructor(catalog: Catalog, settings: AuthenticatorSettings) {
    this.#catalog = catalog;
    this.#settings = settings;
  }

  /** Is there no key yet? */
  async isOpen(): Promise<boolean> {
    if (!this.#isClosed) this.#isClosed = await this.#catalog.apiKeys.exist();
    return !this.#isClosed;
  }

  /**
   * By the header `authorization`, else by the cookie of a session, else, without any key, by being on this machine.
   * @throws MillraceError `access.*`, `request.foreign_origin`
   */
  async identify(request: FastifyRequest): Promise<Actor> {
    const { authorization } = request.headers;
    if (authorization !== undefined) return this.withKey(BEARER.exec(authorization)?.[1] ?? '');
    const token = sessionToken(request);
    const session = token === undefined ? undefined : await this.#catalog.sessions.find(token);
    if (session !== undefined) {
      if (CHANGES.has(request.method)) refuseOtherPages(request, this.#settings.publicUrl);
      await this.#catalog.apiKeys.touch(session.key.id);
      return { ...actorOfKey(session.key), kind: 'session', expiresAt: session.expiresAt };
    }
    if (await this.isOpen()) {
      if (!this.#settings.allowOpenApi) refuseOtherMachines(request);
      return OPEN;
    }
    throw token === undefined ? keyMissing() : sessionEnded();
  }

  /** @throws MillraceError `access.key_*` */
  async withKey(text: string): Promise<Actor> {
    return actorOfKey(await this.#catalog.apiKeys.authenticate(text));
  }

  /** Whether a caller that was let in would be so again: for what goes on for long. */
  async mayStill({ kind, keyId, role }: Actor): Promise<boolean> {
    if (kind === 'open' || keyId === null) return this.isOpen();
    const key = await this.#catalog.apiKeys.usable(keyId);
    return key !== undefined && includesRole(key.role, role);
  }
}

const keyMissing = (): MillraceError =>
  new MillraceError(KeyMissing, {
    message: 'this API asks for a key, and the request has none',
    mend: 'Send the header authorization: Bearer mlr_… (millrace reads MILLRACE_API_KEY). An admin makes keys with millrace keys create.',
  });

const sessionEnded = (): MillraceError =>
  new MillraceError(SessionEnded, {
    message: 'the session has ended, or its key has been revoked',
    mend: 'Log in again with a key.',
  });
