import { type ChangeBatch, FLAG_KEY_CHANGE, Op, type TableSchema } from '@millrace/formats';
import { isRecordError, MillraceError } from '@millrace/kernel';
import type { SinkStage, TargetType } from '../../config.ts';
import { RowRefused, TableUnfit } from '../../errors.ts';
import { Commands } from '../commands.ts';
import { tagged } from '../keys.ts';
import { positionOf, positionText } from '../positions.ts';
import { RowTexts } from './row-texts.ts';

/** What TYPE says of the keys of a target; empty: there are none. */
export const REDIS_TYPE: Readonly<Record<TargetType, string>> = {
  hash: 'hash',
  hashes: 'hash',
  string: 'string',
  'sorted-set': 'zset',
  list: 'list',
  stream: 'stream',
  publish: '',
};

/** Turns events into commands. Not reentrant. */
export class RowWriter {
  readonly #stage: SinkStage;
  readonly #jobName: string;
  readonly #texts: RowTexts;
  readonly #keys = new WeakMap<TableSchema, string>();

  constructor(stage: SinkStage, jobName: string) {
    this.#stage = stage;
    this.#jobName = jobName;
    this.#texts = new RowTexts(stage.rowKey);
  }

  /** Why an event cannot be written, which depends on the event alone. */
  refusal(batch: ChangeBatch, index: number): MillraceError | undefined {
    try {
      this.write(batch, index, new Commands());
      return undefined;
    } catch (error) {
      if (isRecordError(error)) return error;
      throw error;
    }
  }

  /** @throws MillraceError `redis.row_refused`, `redis.table_unfit` */
  write(batch: ChangeBatch, index: number, commands: Commands): void {
    const { type, deletes } = this.#stage;
    const schema = batch.schemas[batch.schemaOf[index]!]!;
    const key = this.#keyOf(schema);
    const op = batch.op[index]!;
    if (type === 'list' || type === 'stream' || type === 'publish') {
      this.#append(type, key, batch, index, commands);
    } else if (op === Op.Truncate) {
      if (deletes === 'apply') this.#truncate(type, key, schema, commands);
    } else if (op === Op.Delete) {
      if (deletes === 'apply') this.#delete(type, key, this.#texts.key(batch, index), commands);
    } else this.#put(type, key, batch, index, commands);
  }

  #put(type: TargetType, key: string, batch: ChangeBatch, index: number, commands: Commands): void {
    const id = this.#texts.key(batch, index);
    if (type === 'sorted-set') {
      commands.add('ZADD', key, this.#score(batch, index), id);
    } else if (type === 'hashes') {
      this.#fields(`${key}:${id}`, batch, index, commands);
    } else {
      const value = this.#value(batch, index);
      if (value === null) this.#delete(type, key, id, commands);
      else if (type === 'hash') commands.add('HSET', key, id, value);
      else commands.add('SET', `${key}:${id}`, value);
    }
  }

  /** A field for each column: none for NULL. Large values that were not sent again stay as they are. */
  #fields(key: string, batch: ChangeBatch, index: number, commands: Commands): void {
    const isMoved = (batch.flags[index]! & FLAG_KEY_CHANGE) !== 0;
    const [source, at] = isMoved ? this.#texts.whole(batch, index) : [batch, index];
    const values = this.#texts.values(source, at);
    const known = values.filter((pair): pair is readonly [string, string] => typeof pair[1] === 'string');
    if (known.length > 0) commands.add('HSET', key, ...known.flat());
    const nulls = values.filter(([, text]) => text === null).map(([name]) => name);
    if (nulls.length > 0) commands.add('HDEL', key, ...nulls);
  }

  #delete(type: TargetType, key: string, id: string, commands: Commands): void {
    if (type === 'hash') commands.add('HDEL', key, id);
    else if (type === 'sorted-set') commands.add('ZREM', key, id);
    else commands.add('DEL', `${key}:${id}`);
  }

  #truncate(type: TargetType, key: string, schema: TableSchema, commands: Commands): void {
    if (type === 'hash' || type === 'sorted-set') {
      commands.add('UNLINK', key);
      return;
    }
    throw new MillraceError(TableUnfit, {
      message: `table ${schema.id} was truncated, and its rows are keys of their own that no script finds`,
      mend: 'Use type hash, or set deletes: ignore and remove the keys by hand.',
    });
  }

  #append(
    type: 'list' | 'stream' | 'publish',
    key: string,
    batch: ChangeBatch,
    index: number,
    commands: Commands,
  ): void {
    const op = String.fromCharCode(batch.op[index]!);
    const { value, maxLength } = this.#stage;
    if (type === 'stream') {
      const position = positionOf(batch, index);
      const table = batch.schemas[batch.schemaOf[index]!]!.id;
      const fields = ['table', table, 'op', op, 'row', this.#texts.row(batch, index)];
      if (position !== undefined) fields.push('position', positionText(position));
      const trim = maxLength === undefined ? [] : ['MAXLEN', '~', String(maxLength)];
      commands.add('XADD', key, ...trim, '*', ...fields);
      return;
    }
    const name = type === 'list' ? 'RPUSH' : 'PUBLISH';
    if (value !== undefined) {
      const text = op === 'd' || op === 't' ? null : this.#value(batch, index);
      if (text !== null) commands.add(name, key, text);
      return;
    }
    commands.add(name, key, `{"op":"${op}","row":${this.#texts.row(batch, index)}}`);
  }

  #value(batch: ChangeBatch, index: number): string | null {
    const { value } = this.#stage;
    if (value === undefined) return this.#texts.row(batch, index);
    const [source, at] = this.#texts.whole(batch, index);
    return this.#texts.value(source, at, value) ?? null;
  }

  #score(batch: ChangeBatch, index: number): string {
    const { score } = this.#stage;
    if (score === undefined) return '0';
    const [source, at] = this.#texts.whole(batch, index);
    const text = this.#texts.value(source, at, score) ?? '';
    if (text.trim() !== '' && Number.isFinite(Number(text))) return text;
    throw new MillraceError(RowRefused, {
      message: `the score "${score}" of a row is no finite number`,
      mend: 'Name a column of numbers that are never NULL as score, or set such rows aside: give the stage onError.',
    });
  }

  #keyOf(schema: TableSchema): string {
    let key = this.#keys.get(schema);
    if (key === undefined) {
      const texts: Readonly<Record<string, string>> = {
        schema: schema.schema,
        table: schema.table,
        job: this.#jobName,
      };
      key = tagged(
        this.#stage,
        this.#stage.key.replaceAll(/\{([^}]*)\}/g, (_, name: string) => texts[name]!),
      );
      this.#keys.set(schema, key);
    }
    return key;
  }
}
