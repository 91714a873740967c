import { MASK } from './secret.ts';

/** Secrets that are recognised wherever they stand: API keys of Millrace, and passwords in addresses. */
const API_KEY = /mlr_([0-9A-HJKMNP-TV-Z]{26})_[\w-]{16,}/g;
/** As it is written, in a JSON pointer (`~1` for a slash), or encoded in an address. */
const URL_PASSWORD =
  /\b([a-z][a-z0-9+.-]{1,30}(?::|%3A)(?:\/\/|~1~1|%2F%2F)[^\s/:@"'<>]{0,200}?)(:|%3A)[^\s/@"'<>]{1,500}?(@|%40)/gi;

/** The text without the secrets that show themselves by their form, in whatever place they were put by mistake. */
export const maskSecrets = (text: string): string =>
  text.replace(API_KEY, `mlr_$1_${MASK}`).replace(URL_PASSWORD, `$1$2${MASK}$3`);

/** Does the text hold one? A reference such as `${env:NAME}` is none. */
export function holdsSecret(text: string): boolean {
  const resolved = text.replace(/\$\{[^}]*\}/g, MASK);
  return maskSecrets(resolved) !== resolved;
}

/** The same value with every text masked, names of fields included. */
export function maskSecretsDeep<T>(value: T): T {
  if (typeof value === 'string') return maskSecrets(value) as T;
  if (Array.isArray(value)) return value.map(maskSecretsDeep) as T;
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [maskSecrets(name), maskSecretsDeep(inner)]),
  ) as T;
}
