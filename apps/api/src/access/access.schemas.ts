import { ACCESS_ROLES, type ApiKey, type IssuedKey, keyPrefix } from '@millrace/catalog';
import { parseDurationMs } from '@millrace/kernel';
import { z } from 'zod';
import type { Actor } from './actor.ts';

const KEY_DAYS_DEFAULT = '90d';
/** Ten years: what is meant to last longer is said so with `never`. */
const KEY_MS_MAX = 3_650 * 86_400_000;
/** A secret that was replaced works this long at most. */
const GRACE_MS_MAX = 30 * 86_400_000;
/** `expiresIn` of a key without an end. */
const NEVER = 'never';

const durationWithin = (maxMs: number, example: string) =>
  z.string().refine((text) => {
    const ms = parseDurationMs(text);
    return ms !== undefined && ms <= maxMs;
  }, example);

const expiresIn = z
  .union([
    z.literal(NEVER),
    durationWithin(KEY_MS_MAX, 'a duration such as 90d (at most 3650d), or never').refine(
      (text) => parseDurationMs(text) !== 0,
      'a duration above zero',
    ),
  ])
  .meta({ description: 'From now: a duration such as `90d`, or `never`.', examples: [KEY_DAYS_DEFAULT] });

const keyName = z
  .string()
  .regex(/^[A-Za-z][\w-]{0,62}$/, 'a name: a letter, then letters, digits, - and _, at most 63')
  .meta({ description: 'Whose it is or what for; unique among keys that are not revoked.' });

const role = z.enum(ACCESS_ROLES).meta({
  id: 'AccessRole',
  description:
    'viewer reads; operator also commands jobs, replays and discards letters, runs checks and loads; editor also makes, changes and deletes definitions and jobs; admin also keys and the audit log.',
});

export const createKeySchema = z
  .strictObject({ name: keyName, role, expiresIn: expiresIn.default(KEY_DAYS_DEFAULT) })
  .meta({ id: 'CreateApiKey', description: 'A key to make.' });
export type CreateKey = z.infer<typeof createKeySchema>;

export const firstKeySchema = z
  .strictObject({ name: keyName.default('admin'), expiresIn: expiresIn.default(KEY_DAYS_DEFAULT) })
  .default({ name: 'admin', expiresIn: KEY_DAYS_DEFAULT })
  .meta({ id: 'CreateFirstKey', description: "The first key, an admin's." });
export type FirstKey = z.infer<typeof firstKeySchema>;

export const rotateKeySchema = z
  .strictObject({
    oldKeyWorksFor: durationWithin(GRACE_MS_MAX, 'a duration such as 1h, at most 30d')
      .default('0s')
      .meta({ description: 'How long the secret that is replaced, and sessions it began, go on working.' }),
    expiresIn: expiresIn.optional().meta({ description: 'A new end of the key, from now; by default its end stays.' }),
  })
  .default({ oldKeyWorksFor: '0s' })
  .meta({ id: 'RotateApiKey', description: 'How a key gets a new secret.' });
export type RotateKey = z.infer<typeof rotateKeySchema>;

export const sessionSchema = z
  .strictObject({ key: z.string().min(1).max(200).meta({ description: 'An API key.' }) })
  .meta({ id: 'CreateSession', description: 'What a session is begun with.' });
export type CreateSession = z.infer<typeof sessionSchema>;

const time = z.iso.datetime().nullable();

const keyShape = {
  id: z.string(),
  name: z.string(),
  role,
  prefix: z.string().meta({ description: 'How the key begins; what follows is secret.' }),
  createdBy: z.string(),
  createdAt: z.iso.datetime(),
  rotatedAt: time.meta({ description: 'When its secret was replaced last.' }),
  oldKeyWorksUntil: time,
  expiresAt: time.meta({ description: 'null: never.' }),
  lastUsedAt: time.meta({ description: 'To the minute.' }),
  revokedAt: time,
  state: z.enum(['active', 'expired', 'revoked']),
};

export const keyViewSchema = z.object(keyShape).meta({ id: 'ApiKey', description: 'An API key, without its secret.' });
export type KeyView = z.infer<typeof keyViewSchema>;

export const keyPageSchema = z
  .object({ items: z.array(keyViewSchema), nextCursor: z.string().nullable() })
  .meta({ id: 'ApiKeyPage', description: 'API keys in the order of their making, revoked ones too.' });

export const issuedKeySchema = z
  .object({ ...keyShape, key: z.string().meta({ description: 'The key. It is shown this once.' }) })
  .meta({ id: 'IssuedApiKey', description: 'An API key with its secret.' });
export type IssuedKeyView = z.infer<typeof issuedKeySchema>;

export const meSchema = z
  .object({
    open: z.boolean().meta({ description: 'There is no key yet: whoever reaches the API may do everything.' }),
    kind: z.enum(['key', 'session', 'open']),
    keyId: z.string().nullable(),
    name: z.string(),
    role,
    expiresAt: time.meta({ description: 'When the key, or the session, ends.' }),
  })
  .meta({ id: 'Me', description: 'Who calls, and what he may do.' });
export type Me = z.infer<typeof meSchema>;

const iso = (at: Date | null): string | null => at?.toISOString() ?? null;

export const keyView = (key: ApiKey): KeyView => ({
  id: key.id,
  name: key.name,
  role: key.role,
  prefix: keyPrefix(key.id),
  createdBy: key.createdBy,
  createdAt: key.createdAt.toISOString(),
  rotatedAt: iso(key.rotatedAt),
  oldKeyWorksUntil: iso(key.oldSecretUntil),
  expiresAt: iso(key.expiresAt),
  lastUsedAt: iso(key.lastUsedAt),
  revokedAt: iso(key.revokedAt),
  state: key.revokedAt !== null ? 'revoked' : key.isExpired ? 'expired' : 'active',
});

export const issuedKeyView = ({ key, text }: IssuedKey): IssuedKeyView => ({ ...keyView(key), key: text });

export const meView = ({ kind, keyId, name, role, expiresAt }: Actor): Me => ({
  open: kind === 'open',
  kind,
  keyId,
  name,
  role,
  expiresAt: iso(expiresAt),
});

/** Milliseconds, checked by the schema; `undefined` for `never`. */
export const lifetimeMs = (text: string): number | undefined => (text === NEVER ? undefined : parseDurationMs(text));
