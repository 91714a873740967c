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

/** The api's settings. Every default is here. */
const settingsSchema = z.object({
  MILLRACE_DATABASE_URL: url(/^postgres(ql)?:$/, 'postgres://user:password@host:5432/millrace'),
  MILLRACE_REDIS_URL: url(/^rediss?:$/, 'redis://host:6379'),
  MILLRACE_SECRET_KEY: z.string().min(1),
  MILLRACE_SECRET_KEYS_OLD: z.string().default(''),
  MILLRACE_HOST: z.string().min(1).default('127.0.0.1'),
  MILLRACE_PORT: port.default(8_080),
  MILLRACE_ALLOW_OPEN_API: flag,
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
  /** Nobody is asked who they are yet: true when the operator has put something in front that does. */
  readonly allowOpenApi: boolean;
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
  if (values !== undefined && !values.MILLRACE_ALLOW_OPEN_API && !isLoopback(values.MILLRACE_HOST)) {
    errors.push({
      message: `MILLRACE_HOST is ${values.MILLRACE_HOST}, and whoever reaches the API may do everything: it has no keys yet`,
      mend: 'Listen on 127.0.0.1, or put a proxy that authenticates in front and set MILLRACE_ALLOW_OPEN_API=true.',
    });
  }
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
    uploads: values.MILLRACE_UPLOADS,
    logLevel: values.MILLRACE_LOG_LEVEL,
  };
}
