import type { JobIdentity } from '@millrace/connector-contract';
import { MillraceError } from '@millrace/kernel';
import { type Redis, ReplyError } from 'ioredis';
import type { SinkStage } from '../config.ts';
import { Fenced, HalfApplied, KeyOfOtherType, NotDurable, ProgressLost, SetBack, serverError } from '../errors.ts';
import type { Commands } from './commands.ts';
import { type SinkKeys, sinkKeys } from './keys.ts';
import { REDIS_TYPE } from './rows/row-writer.ts';
import { APPLY, CLAIM, DONE, DROP, MORE, MOVE, OTHER_TYPE, SET_BACK, STAGE } from './scripts.ts';

/** Arguments of the commands that one script runs out of a list: the server serves nobody else meanwhile. */
const MOVED_ARGUMENTS = 4_000;
/** Longest wait for the disk of the server, and of its replicas, at a barrier. */
const DURABLE_MS_MAX = 20_000;

/** Commands that wait, out of sight, for the snapshot that covers them. Plain data, part of the saved state. */
export interface StagedList {
  /** Counted over all executions. */
  readonly number: number;
  readonly generation: number;
  /** Commands. */
  readonly length: number;
  /** Of its newest event that has one, as text; empty: none has. */
  readonly position: string;
  /** That its commands touch. */
  readonly keys: readonly string[];
}

/** What there is of a stage at the server. */
export interface Held {
  /** Scripts applied, over all executions. */
  readonly applied: number;
  /** As text; empty: none. */
  readonly position: string;
  /** Number of the last list that was moved, as a whole or in part. */
  readonly moved: number;
}

const idOf = ({ generation, number }: Pick<StagedList, 'generation' | 'number'>): string => `${generation}.${number}`;

/** The server as one execution of one stage writes it. */
export class Target {
  /** Scripts that were sent, counted over all executions: what the server must have when the next one comes. */
  applied = 0;
  readonly #redis: Redis;
  readonly #keys: SinkKeys;
  readonly #generation: number;
  readonly #type: string;
  readonly #replicas: number;
  /** The server can say when writes are on disk. */
  #confirms = true;

  constructor(redis: Redis, job: JobIdentity, stage: SinkStage, generation: number) {
    this.#redis = redis;
    this.#keys = sinkKeys(job, stage);
    this.#generation = generation;
    this.#type = REDIS_TYPE[stage.type];
    this.#replicas = stage.replicas;
  }

  /**
   * From now on older executions are refused.
   * @param afresh the position says nothing: rows come again that are to be written again
   * @throws MillraceError `redis.fenced`, `redis.half_applied`
   */
  async claim(afresh: boolean): Promise<Held> {
    const answer = await this.#eval('take the keys over', CLAIM, [], [this.#generation, afresh ? 1 : 0]);
    if (!Array.isArray(answer)) throw this.#fenced(Number(answer));
    const [applied, position, moved, left, broken] = answer as readonly (string | null)[];
    if (broken !== null) {
      throw new MillraceError(HalfApplied, {
        message: `the server refused a command in the middle of a script, so part of a batch was written: ${broken}`,
        mend: `Repair what the server says, look at what the keys hold, and then go on with HDEL ${this.#keys.meta} broken.`,
      });
    }
    this.applied = Number(applied);
    return {
      applied: this.applied,
      position: position ?? '',
      moved: Number(left ?? 0) > 0 ? Number(moved) - 1 : Number(moved ?? 0),
    };
  }

  /** Runs commands in one step, with the position they bring. @throws MillraceError `redis.fenced`, `redis.set_back`, `redis.key_of_other_type` */
  async apply(commands: Commands, position: string): Promise<void> {
    const { keys } = commands;
    const at = new Map(keys.map((key, index) => [key, String(index + 2)]));
    const args = commands.list.flatMap(({ name, key, args: more }) => [
      name,
      at.get(key)!,
      String(more.length),
      ...more,
    ]);
    const before = this.applied++;
    const all = [this.#generation, before, position, this.#type, ...args];
    this.#judge('write rows', await this.#eval('write rows', APPLY, keys, all), [this.#keys.meta, ...keys]);
  }

  /** Puts commands behind those of a list. @throws MillraceError `redis.fenced`, `redis.set_back` */
  async stage(list: Pick<StagedList, 'generation' | 'number'>, commands: Commands): Promise<void> {
    const id = idOf(list);
    const args = commands.list.flatMap(({ name, key, args: more }) => [name, key, String(more.length), ...more]);
    const before = this.applied++;
    const keys = [this.#keys.lists, this.#keys.list(id)];
    this.#judge(
      'put rows aside',
      await this.#eval('put rows aside', STAGE, keys, [this.#generation, before, id, ...args]),
    );
  }

  /** Runs the commands of a list; harmless when it was done before. @throws MillraceError `redis.fenced`, `redis.progress_lost` */
  async move(list: StagedList): Promise<void> {
    const id = idOf(list);
    const keys = [this.#keys.lists, this.#keys.list(id), ...list.keys];
    const args = [this.#generation, list.number, id, list.length, MOVED_ARGUMENTS, list.position, this.#type];
    for (let answer: unknown = MORE; answer === MORE; ) {
      answer = await this.#eval('show rows', MOVE, keys, args);
      if (answer === SET_BACK) throw this.lost(`the rows that wait in ${this.#keys.list(id)} are not all there`);
      if (answer !== MORE) this.#judge('show rows', answer, [this.#keys.meta, ...keys]);
    }
  }

  /** Removes the lists of older executions that no snapshot names; call it when those of the snapshot are moved. */
  async sweep(): Promise<void> {
    const ids = await this.#asked('look for old lists', this.#redis.smembers(this.#keys.lists));
    for (const id of ids) {
      if (Number(id.split('.')[0]) >= this.#generation) continue;
      const before = this.applied++;
      const keys = [this.#keys.lists, this.#keys.list(id)];
      this.#judge('remove old rows', await this.#eval('remove old rows', DROP, keys, [this.#generation, before, id]));
    }
  }

  /** Resolves when a crash of the server takes nothing of what was written. @throws MillraceError `redis.not_durable` */
  async durable(): Promise<void> {
    const replicas = this.#replicas;
    if (this.#confirms) {
      try {
        const [local, remote] = (await this.#redis.call('WAITAOF', 1, replicas, DURABLE_MS_MAX)) as readonly number[];
        if (local! >= 1 && remote! >= replicas) return;
        throw this.#notDurable(`on ${local} disk and ${remote} of ${replicas} replicas`);
      } catch (error) {
        // Before Redis 7.2 there is no such command, and without an append-only file no disk to wait for.
        if (!(error instanceof ReplyError)) throw serverError(error, 'wait for the disk');
        this.#confirms = false;
      }
    }
    if (replicas === 0) return;
    const reached = await this.#asked('wait for replicas', this.#redis.wait(replicas, DURABLE_MS_MAX));
    if (reached < replicas) throw this.#notDurable(`on ${reached} of ${replicas} replicas`);
  }

  /** The server has less than a snapshot says. */
  lost(message: string): MillraceError {
    return new MillraceError(ProgressLost, {
      message,
      mend: 'The server has lost writes it had acknowledged (appendonly no, a failover, a restored backup). Start the job afresh with an initial load.',
    });
  }

  #notDurable(what: string): MillraceError {
    return new MillraceError(NotDurable, {
      message: `after ${DURABLE_MS_MAX} ms what was written is ${what}`,
      mend: 'Look at the disk of the server (appendfsync everysec or always) and at its replicas; the job tries again.',
    });
  }

  #fenced(newest: number): MillraceError {
    return new MillraceError(Fenced, {
      message: `execution ${newest} has taken the keys over from execution ${this.#generation}`,
      mend: 'Nothing: the newer execution goes on.',
    });
  }

  #judge(what: string, answer: unknown, keys: readonly string[] = []): void {
    if (answer === DONE) return;
    if (answer === SET_BACK) {
      throw new MillraceError(SetBack, {
        message: `can't ${what}: the server has not what it had acknowledged to this execution`,
        mend: 'Nothing yet: the job starts again from its last snapshot, and says so if the server has lost part of that.',
      });
    }
    if (Number(answer) <= OTHER_TYPE) {
      throw new MillraceError(KeyOfOtherType, {
        message: `can't ${what}: "${keys[OTHER_TYPE - Number(answer) - 1]}" is not of type ${this.#type}`,
        mend: 'Remove or rename the key, or give the stage another one, then resume the job. Nothing of the batch was written.',
      });
    }
    throw this.#fenced(Number(answer));
  }

  #eval(what: string, script: string, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    return this.#asked(what, this.#redis.eval(script, keys.length + 1, this.#keys.meta, ...keys, ...args));
  }

  async #asked<T>(what: string, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw serverError(error, what);
    }
  }
}
