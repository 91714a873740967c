import type { JobIdentity } from '@millrace/connector-contract';
import { MillraceError } from '@millrace/kernel';
import type { Redis } from 'ioredis';
import { keysOf, keysWith } from './client.ts';
import { Fenced, PreparedLost, serverError } from './errors.ts';

// #region scripts
/** Every script looks at the fence first, so an older execution can do nothing: one answer, one step at the server. */
const FENCE = `
local newest = tonumber(redis.call('GET', KEYS[1]) or '0')
if newest > tonumber(ARGV[1]) then return newest end
`;
const CLAIM = `${FENCE} redis.call('SET', KEYS[1], ARGV[1]) return 0`;
const PUSH = `${FENCE} redis.call('RPUSH', KEYS[2], unpack(ARGV, 2)) return 0`;

/** Shows what waits in a list. A list that was shown is gone, and the number of the last one says so: committing twice is harmless. */
const SHOW = `${FENCE}
local rows = redis.call('LRANGE', KEYS[2], 0, -1)
if #rows == 0 then
  local shown = tonumber(redis.call('HGET', KEYS[3], ARGV[2]) or '0')
  return shown >= tonumber(ARGV[3]) and 0 or -1
end
for i = 1, #rows, 3 do
  redis.call('XADD', KEYS[4], '*', 'table', rows[i], 'op', rows[i + 1], 'row', rows[i + 2])
end
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[3], ARGV[2], ARGV[3])
return 0`;
// #endregion scripts

/** Rows that wait at the server, out of sight: a list of one writer of one execution. Plain data, kept in the saved state. */
export interface WaitingList {
  readonly generation: number;
  readonly writer: number;
  /** Counted from 1 within execution and writer. */
  readonly sequence: number;
}

/** The server as one execution of one stage sees it. */
export class WaitingRows {
  readonly #redis: Redis;
  readonly #keys: ReturnType<typeof keysOf>;
  readonly #generation: number;

  constructor(redis: Redis, job: JobIdentity, generation: number) {
    this.#redis = redis;
    this.#keys = keysOf(job);
    this.#generation = generation;
  }

  /** From now on older executions are refused. @throws MillraceError `redis-streams.fenced` */
  claim(): Promise<void> {
    return this.#run('take the job over', CLAIM, []);
  }

  /** @param fields table, op and row of each row. @throws MillraceError `redis-streams.fenced` */
  push(list: WaitingList, fields: readonly string[]): Promise<void> {
    return this.#run('write rows', PUSH, [this.#keyOf(list)], fields);
  }

  /** Shows the rows of a list in the stream, once. @throws MillraceError `redis-streams.fenced`, `redis-streams.prepared_lost` */
  async show(list: WaitingList, stream: string): Promise<void> {
    const writer = `${list.generation}.${list.writer}`;
    const keys = [this.#keyOf(list), this.#keys.committed, stream];
    await this.#run('show rows', SHOW, keys, [writer, String(list.sequence)]);
  }

  /** Removes what older executions left that no snapshot names. */
  async sweep(isMine: (writer: number) => boolean): Promise<void> {
    for (const key of await keysWith(this.#redis, this.#keys.waiting)) {
      const [generation, writer] = key.slice(this.#keys.waiting.length).split('.').map(Number);
      if (generation! < this.#generation && isMine(writer!)) await this.#redis.del(key);
    }
  }

  #keyOf({ generation, writer, sequence }: WaitingList): string {
    return `${this.#keys.waiting}${generation}.${writer}.${sequence}`;
  }

  async #run(what: string, script: string, keys: readonly string[], args: readonly string[] = []): Promise<void> {
    const all = [this.#keys.fence, ...keys];
    const answer = await this.#redis
      .eval(script, all.length, ...all, String(this.#generation), ...args)
      .catch((error: unknown) => {
        throw serverError(error, what);
      });
    if (answer === -1) {
      throw new MillraceError(PreparedLost, {
        message: `can't ${what}: ${keys[0]} is gone`,
        mend: 'Somebody removed it, or the server forgot it (appendonly). Start the job anew with an initial load.',
      });
    }
    if (answer !== 0) {
      throw new MillraceError(Fenced, {
        message: `can't ${what}: execution ${String(answer)} has taken over from ${this.#generation}`,
        mend: 'Nothing: the newer execution goes on.',
      });
    }
  }
}
