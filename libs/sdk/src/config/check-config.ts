import { type Config, ConfigInvalid, KINDS, type Kind, SECTIONS } from './config.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Options of a type that are secrets. */
export type SecretOptions = (role: 'source' | 'sink', type: string) => readonly string[];

const REFERENCE = /^\$\{(env|file):[^}]+\}$/;
/** An address with a password in it, and a key of the API. */
const SECRET_BY_FORM = /:\/\/[^/\s:@]*:[^/\s@]+@|\bmlr_[0-9A-Z]{26}_/;

export const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * What can be said without the API's help. A secret is never repeated.
 * @throws ConfigInvalid
 */
export function checkConfig(config: Config, secretOptions: SecretOptions): void {
  const problems: string[] = [];
  const known: readonly string[] = Object.values(SECTIONS);
  for (const section of Object.keys(config))
    if (!known.includes(section)) problems.push(`${section}: is no section; there are ${known.join(', ')}`);
  for (const kind of KINDS) {
    const section: unknown = config[SECTIONS[kind]] ?? {};
    if (!isObject(section)) {
      problems.push(`${SECTIONS[kind]}: names with what stands behind each are wanted`);
      continue;
    }
    for (const [name, given] of Object.entries(section))
      problems.push(...problemsOf(kind, given, `${SECTIONS[kind]}.${name}`, name, secretOptions));
  }
  for (const name of Object.keys(config.subscriptions ?? {}))
    if (Object.hasOwn(config.jobs ?? {}, name))
      problems.push(`subscriptions.${name}: a subscription is a job of its name, and there is a job ${name}`);
  if (problems.length > 0) throw new ConfigInvalid(problems);
}

function problemsOf(
  kind: Kind,
  given: unknown,
  place: string,
  name: string,
  secretOptions: SecretOptions,
): readonly string[] {
  if (!isObject(given)) return [`${place}: is nothing with fields`];
  const problems: string[] = [];
  if (given['name'] !== undefined && given['name'] !== name)
    problems.push(`${place}: has the name ${JSON.stringify(given['name'])} inside; leave it out there`);
  if (kind === 'source' || kind === 'sink') {
    const { type, config } = given;
    if (typeof type !== 'string' || !isObject(config)) return [`${place}: type and config are wanted`];
    for (const option of secretOptions(kind, type)) {
      const value = config[option];
      if (value !== undefined && !(typeof value === 'string' && REFERENCE.test(value)))
        problems.push(
          `${place}.config.${option}: is a secret and has to be a reference: \${env:NAME} or \${file:/run/secrets/x}`,
        );
    }
  }
  return [...problems, ...straySecrets(given, place)];
}

function straySecrets(value: unknown, place: string): readonly string[] {
  if (typeof value === 'string')
    return SECRET_BY_FORM.test(value) ? [`${place}: holds a secret, where everybody who may read would see it`] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => straySecrets(inner, `${place}.${name}`));
}
