import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { MillraceError } from '@millrace/kernel';
import { SecretCorrupt, SecretKeyInvalid, SecretKeyUnknown } from './errors.ts';

const KEY_BYTES = 32;
/** NIST SP 800-38D, section 5.2.1.1: 96 bits is the length GCM is made for. */
const IV_BYTES = 12;
const TAG_BYTES = 16;
const FORMAT = 'v1';

interface Key {
  readonly id: string;
  readonly bytes: Buffer;
}

function parseKey(text: string, variable: string): Key {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== KEY_BYTES || bytes.toString('base64').replace(/=+$/, '') !== text.trim().replace(/=+$/, '')) {
    throw new MillraceError(SecretKeyInvalid, {
      message: `${variable} is not ${KEY_BYTES} bytes in base64`,
      mend: `Make one with: openssl rand -base64 ${KEY_BYTES}`,
    });
  }
  const id = createHash('sha256').update('millrace secret key id').update(bytes).digest('hex').slice(0, 8);
  return { id, bytes };
}

/**
 * Encrypts secrets at rest: AES-256-GCM with a random 96-bit IV, the key's id beside the ciphertext so that keys can be
 * rotated, and a context (which field of which definition) as additional data so that a ciphertext cannot be moved to another row.
 * Sealed form: `v1.<key id>.<iv>.<ciphertext and tag>`, base64url.
 */
export class SecretBox {
  readonly #current: Key;
  readonly #keys: ReadonlyMap<string, Key>;

  private constructor(current: Key, old: readonly Key[]) {
    this.#current = current;
    this.#keys = new Map([...old, current].map((key) => [key.id, key]));
  }

  /**
   * Keys as `MILLRACE_SECRET_KEY` (encrypts) and `MILLRACE_SECRET_KEYS_OLD` (comma-separated, only decrypt) have them.
   * @throws MillraceError `secret.key_invalid`
   */
  static of(current: string, old = ''): SecretBox {
    const oldKeys = old.split(',').filter((text) => text.trim() !== '');
    return new SecretBox(
      parseKey(current, 'MILLRACE_SECRET_KEY'),
      oldKeys.map((text) => parseKey(text.trim(), 'MILLRACE_SECRET_KEYS_OLD')),
    );
  }

  seal(plain: string, context: string): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#current.bytes, iv, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(context));
    const sealed = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return [FORMAT, this.#current.id, iv.toString('base64url'), sealed.toString('base64url')].join('.');
  }

  /** @throws MillraceError `secret.key_unknown` or `secret.corrupt` */
  open(sealed: string, context: string): string {
    const [format, keyId, iv, body] = sealed.split('.');
    const bytes = Buffer.from(body ?? '', 'base64url');
    if (format !== FORMAT || keyId === undefined || iv === undefined || bytes.length < TAG_BYTES)
      throw corrupt(context);
    const key = this.#keys.get(keyId);
    if (key === undefined) {
      throw new MillraceError(SecretKeyUnknown, {
        message: `the secret ${context} was encrypted with key ${keyId}, which this process does not have`,
        mend: 'Add that key to MILLRACE_SECRET_KEYS_OLD, or write the secret again with PATCH.',
      });
    }
    try {
      const decipher = createDecipheriv('aes-256-gcm', key.bytes, Buffer.from(iv, 'base64url'), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(Buffer.from(context));
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      return decipher.update(bytes.subarray(0, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
    } catch (error) {
      throw corrupt(context, error);
    }
  }

  /** True when a secret should be sealed anew because its key is an old one. */
  isOutdated(sealed: string): boolean {
    return sealed.split('.')[1] !== this.#current.id;
  }

  /** A keyed digest `<key id>.<hmac>`: a plain hash of a body with a password in it could be searched for that password. */
  mac(text: string): string {
    return `${this.#current.id}.${hmac(this.#current, text)}`;
  }

  /** Is `mac` the digest of `text`, also when made with an old key? */
  macMatches(text: string, mac: string): boolean {
    const [keyId, digest] = mac.split('.');
    const key = this.#keys.get(keyId ?? '');
    if (key === undefined || digest === undefined) return false;
    const expected = Buffer.from(hmac(key, text));
    const given = Buffer.from(digest);
    return expected.length === given.length && timingSafeEqual(expected, given);
  }
}

const hmac = (key: Key, text: string): string =>
  createHmac('sha256', key.bytes).update('millrace mac').update(text).digest('base64url');

const corrupt = (context: string, cause?: unknown): MillraceError =>
  new MillraceError(
    SecretCorrupt,
    {
      message: `the stored secret ${context} cannot be decrypted: it was changed or cut off`,
      mend: 'Write the secret again with PATCH.',
    },
    { cause },
  );
