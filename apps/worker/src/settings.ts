import { hostname, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { errorCode, MillraceError } from '@millrace/kernel';
import { checkInput } from '@millrace/pipeline';
import { z } from 'zod';

export const SettingsInvalid = errorCode('worker.settings_invalid', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A setting in the environment is not valid',
});

const THREADS_MAX = 256;

const UNITS = { B: 1, KIB: 1_024, MIB: 1_048_576, GIB: 1_073_741_824 } as const;

/** Bytes of `512MiB`; `undefined` for anything else. */
function parseBytes(text: string): number | undefined {
  const match = /^(\d{1,9})\s*(B|KiB|MiB|GiB)$/i.exec(text);
  return match === null ? undefined : Number(match[1]) * UNITS[match[2]!.toUpperCase() as keyof typeof UNITS];
}

const url = (protocols: RegExp, example: string) =>
  z
    .string()
    .refine((text) => URL.canParse(text) && protocols.test(new URL(text).protocol), `an address such as ${example}`);

/** The worker's settings. Every default is here. */
const settingsSchema = z.object({
  MILLRACE_DATABASE_URL: url(/^postgres(ql)?:$/, 'postgres://user:password@host:5432/millrace'),
  MILLRACE_REDIS_URL: url(/^rediss?:$/, 'redis://host:6379'),
  MILLRACE_SECRET_KEY: z.string().min(1),
  MILLRACE_SECRET_KEYS_OLD: z.string().default(''),
  MILLRACE_WORKER_THREADS: z
    .string()
    .regex(/^\d{1,3}$/, `a number from 1 to ${THREADS_MAX}`)
    .transform(Number)
    .refine((threads) => threads >= 1 && threads <= THREADS_MAX, `a number from 1 to ${THREADS_MAX}`)
    .optional(),
  MILLRACE_ALLOW_VOLATILE_SNAPSHOTS: z
    .enum(['true', 'false', '1', '0'])
    .default('false')
    .transform((text) => text === 'true' || text === '1'),
  MILLRACE_MODULE_CACHE: z.string().min(1).optional(),
  MILLRACE_STATE_MAX: z
    .string()
    .refine((text) => parseBytes(text) !== undefined, 'a size such as 512MiB or 2GiB')
    .transform((text) => parseBytes(text)!)
    .optional(),
  MILLRACE_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
});

export interface Settings {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly secretKey: string;
  readonly secretKeysOld: string;
  /** Threads of the engine; one per core when not given. */
  readonly threads: number | undefined;
  /** Development only: snapshots in a Redis that may lose them. */
  readonly allowVolatileSnapshots: boolean;
  /** Folder for the code of jobs written in TypeScript. */
  readonly moduleCache: string;
  /** Bytes of state that one instance of a stage may hold; no limit when not given. */
  readonly stateBytesMax: number | undefined;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  /** Name of this member: host and process. */
  readonly member: string;
}

/**
 * Reads the settings; an empty variable counts as unset.
 * @throws MillraceError `worker.settings_invalid` with every problem in `details.errors`
 */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const given = Object.fromEntries(
    Object.keys(settingsSchema.shape).map((name) => [name, env[name] === '' ? undefined : env[name]]),
  );
  const { value, issues } = checkInput(settingsSchema, given);
  if (value === undefined) {
    throw new MillraceError(SettingsInvalid, {
      message: issues.map(({ message, mend }) => `${message}. ${mend}`).join('\n'),
      details: { errors: issues.map(({ message, mend }) => ({ message, mend })) },
    });
  }
  return {
    databaseUrl: value.MILLRACE_DATABASE_URL,
    redisUrl: value.MILLRACE_REDIS_URL,
    secretKey: value.MILLRACE_SECRET_KEY,
    secretKeysOld: value.MILLRACE_SECRET_KEYS_OLD,
    threads: value.MILLRACE_WORKER_THREADS,
    allowVolatileSnapshots: value.MILLRACE_ALLOW_VOLATILE_SNAPSHOTS,
    moduleCache: value.MILLRACE_MODULE_CACHE ?? join(tmpdir(), `millrace-modules-${userInfo().uid}`),
    stateBytesMax: value.MILLRACE_STATE_MAX,
    logLevel: value.MILLRACE_LOG_LEVEL,
    member: `${hostname()}:${process.pid}`,
  };
}
