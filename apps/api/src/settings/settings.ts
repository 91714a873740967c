import { isIP } from 'node:net';
import { errorCode, MillraceError } from '@millrace/kernel';
import { checkInput } from '@millrace/pipeline';
import { z } from 'zod';

export const SettingsInvalid = errorCode('settings.invalid', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A setting in the environment is not valid',
});

const flag = z
  .enum(['true', 'false'])
  .default('false')
  .transform((text) => text === 'true');

const port = z
  .string()
  .regex(/^\d{1,5}$/, 'a port number')
  .transform(Number)
  .refine((number) => number <= 65_535, 'a port number');

const url = (protocols: RegExp, example: string) =>
  z
    .string()
    .refine((text) => URL.canParse(text) && protocols.test(new URL(text).protocol), `an address such as ${example}`);

/** The database keeps entries of the audit log this long whatever a setting says. */
const AUDIT_DAYS_MIN = 30;

const addresses = (text: string): readonly string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

const areAddresses = (parts: readonly string[]): boolean =>
  parts.every((part) => {
    const [address = '', bits, ...rest] = part.split('/');
    return isIP(address) !== 0 && rest.length === 0 && (bits === undefined || /^\d{1,3}$/.test(bits));
  });

/** The api's settings. Every default is here. */
const settingsSchema = z.object({
  MILLRACE_DATABASE_URL: url(/^postgres(ql)?:$/, 'postgres://user:password@host:5432/millrace'),
  MILLRACE_REDIS_URL: url(/^rediss?:$/, 'redis://host:6379'),
  MILLRACE_SECRET_KEY: z.string().min(1),
  MILLRACE_SECRET_KEYS_OLD: z.string().default(''),
  MILLRACE_HOST: z.string().min(1).default('127.0.0.1'),
  MILLRACE_PORT: port.default(8_080),
  MILLRACE_ALLOW_OPEN_API: flag,
  MILLRACE_PUBLIC_URL: url(/^https?:$/, 'https://millrace.example').optional(),
  MILLRACE_TRUSTED_PROXIES: z
    .string()
    .default('')
    .transform(addresses)
    .refine(areAddresses, 'addresses or networks, such as 10.0.0.1,10.1.0.0/16'),
  MILLRACE_RATE_LIMIT: z
    .string()
    .regex(/^[1-9]\d{0,6}$/, 'a number of requests from 1 on')
    .default('1000')
    .transform(Number),
  MILLRACE_AUDIT_DAYS: z
    .string()
    .regex(/^\d{2,5}$/, `a number of days from ${AUDIT_DAYS_MIN} on`)
    .default('400')
    .transform(Number)
    .refine((days) => days >= AUDIT_DAYS_MIN, `a number of days from ${AUDIT_DAYS_MIN} on`),
  MILLRACE_UPLOADS: z
    .enum(['on', 'off'])
    .default('on')
    .transform((text) => text === 'on'),
  MILLRACE_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
});

export interface Settings {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly secretKey: string;
  readonly secretKeysOld: string;
  readonly host: string;
  readonly port: number;
  /** While there is no key, other machines may do everything too: true when the operator has put something in front that asks who they are. */
  readonly allowOpenApi: boolean;
  /** Where people find the API, when a proxy in front has another address than the API. */
  readonly publicUrl: string | undefined;
  /** Addresses and networks whose word about who is behind them is taken; nobody's by default. */
  readonly trustedProxies: readonly string[];
  /** Requests of one key in ten seconds. */
  readonly rateLimit: number;
  /** How long entries of the audit log are kept. */
  readonly auditDays: number;
  /** Jobs written in TypeScript may be uploaded: code that workers run. */
  readonly uploads: boolean;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i;

/** Does the address belong to this machine only? */
export const isLoopback = (host: string): boolean => LOOPBACK.test(host);

/**
 * Reads the settings; an empty variable counts as unset.
 * @throws MillraceError `settings.invalid` with every problem in `details.errors`
 */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const given = Object.fromEntries(
    Object.keys(settingsSchema.shape).map((name) => [name, env[name] === '' ? undefined : env[name]]),
  );
  const checked = checkInput(settingsSchema, given);
  const errors = checked.issues.map(({ message, mend }) => ({ message, mend }));
  const values = checked.value;
  if (values === undefined || errors.length > 0) {
    throw new MillraceError(SettingsInvalid, {
      message: errors.map(({ message, mend }) => `${message}. ${mend}`).join('\n'),
      details: { errors },
    });
  }
  return {
    databaseUrl: values.MILLRACE_DATABASE_URL,
    redisUrl: values.MILLRACE_REDIS_URL,
    secretKey: values.MILLRACE_SECRET_KEY,
    secretKeysOld: values.MILLRACE_SECRET_KEYS_OLD,
    host: values.MILLRACE_HOST,
    port: values.MILLRACE_PORT,
    allowOpenApi: values.MILLRACE_ALLOW_OPEN_API,
    publicUrl: values.MILLRACE_PUBLIC_URL,
    trustedProxies: values.MILLRACE_TRUSTED_PROXIES,
    rateLimit: values.MILLRACE_RATE_LIMIT,
    auditDays: values.MILLRACE_AUDIT_DAYS,
    uploads: values.MILLRACE_UPLOADS,
    logLevel: values.MILLRACE_LOG_LEVEL,
  };
}

/**
 * Without a key whoever reaches the API may do everything, so it listens on this machine only.
 * @throws MillraceError `settings.invalid`
 */
export function refuseOpenHost({ host, allowOpenApi }: Pick<Settings, 'host' | 'allowOpenApi'>): void {
  if (allowOpenApi || isLoopback(host)) return;
  throw new MillraceError(SettingsInvalid, {
    message: `MILLRACE_HOST is ${host}, and whoever reaches the API may do everything: it has no key yet`,
    mend: 'Make the first key with millrace init, or listen on 127.0.0.1. MILLRACE_ALLOW_OPEN_API=true is for something in front that authenticates.',
  });
}
