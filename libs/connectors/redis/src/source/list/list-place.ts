import { createHash } from 'node:crypto';
import type { JobIdentity } from '@millrace/connector-contract';
import { MillraceError } from '@millrace/kernel';
import type { Redis } from 'ioredis';
import { PositionLost } from '../../errors.ts';

const MARK_CHARACTERS = 16;
/** What decides about the slot of a key in a cluster. */
const HASH_TAG = /\{([^}]+)\}/;

/** How far a list is read. Plain data, part of the saved state. */
export interface ListPlace {
  /** Elements handed on since the job's first start, counted from the left end that the list had then. */
  readonly handed: number;
  /** Of the last of them. */
  readonly mark: string;
}

export const START: ListPlace = { handed: 0, mark: '' };

export const markOf = (element: string): string =>
  createHash('sha256').update(element).digest('base64').slice(0, MARK_CHARACTERS);

/** Beside the list: how many elements this job has removed, in one step with each removal. */
export const removedKey = ({ jobId, stage }: JobIdentity, key: string): string =>
  `millrace:{${HASH_TAG.exec(key)?.[1] ?? key}}:removed:${jobId}:${stage}:${key}`;

/** Removes elements up to the `ARGV[1]`-th that was ever there. What is removed already is not removed again. */
const REMOVE = `
local removed = tonumber(redis.call('GET', KEYS[2]) or '0')
local due = tonumber(ARGV[1]) - removed
if due <= 0 then return 0 end
redis.call('LTRIM', KEYS[1], due, -1)
redis.call('SET', KEYS[2], ARGV[1])
return due`;

export async function removeHanded(redis: Redis, key: string, counter: string, handed: number): Promise<void> {
  await redis.eval(REMOVE, 2, key, counter, handed);
}

const READ = `
local removed = tonumber(redis.call('GET', KEYS[2]) or '0')
local at = tonumber(ARGV[1]) - removed
local last = at > 0 and redis.call('LINDEX', KEYS[1], at - 1) or ''
local elements = at >= 0 and redis.call('LRANGE', KEYS[1], at, at + ARGV[2] - 1) or {}
return { removed, redis.call('LLEN', KEYS[1]), last or '', elements }`;

/** Elements behind a place, and in the same step whether those before it are still where they were. @throws MillraceError `redis.position_lost` */
export async function readBehind(
  redis: Redis,
  key: string,
  counter: string,
  place: ListPlace,
  max: number,
): Promise<{ readonly elements: readonly string[]; readonly behind: number }> {
  const lost = (what: string): MillraceError =>
    new MillraceError(PositionLost, {
      message: `list ${key}: ${what}, so what comes next cannot be known`,
      mend: 'Let nobody else remove elements, or push to the left end. Start the job anew, with the list as it is or filled again.',
      details: { key, handed: place.handed },
    });
  const answers = (await redis.eval(READ, 2, key, counter, place.handed, max)) as [number, number, string, string[]];
  const [removed, length, last, elements] = answers;
  if (place.handed < removed) throw lost(`${removed} elements are removed, and ${place.handed} were read`);
  if (place.handed > removed + length)
    throw lost(`it has ${length} elements, and ${place.handed - removed} of them were read`);
  if (place.handed > removed && markOf(last) !== place.mark)
    throw lost('another element is where the last was that was read');
  return { elements, behind: removed + length - place.handed };
}
