import type { LookupRequest, TableLookup } from '@millrace/connector-contract';
import { MillraceError, systemClock } from '@millrace/kernel';
import type { Redis } from 'ioredis';
import type { ConnectionOptions } from '../../config.ts';
import { KeyOfOtherType, serverError } from '../../errors.ts';
import { connect } from '../../server/connect.ts';
import { HeldTable } from './held-table.ts';
import { EACH_ROW, lookupColumns, nameOf, type Row, rowOf } from './lookup-row.ts';

/** Keys of one question: the server serves nobody else while it answers. */
const KEYS_MAX = 1_000;
/**
 * Looks up rows that the sink (or somebody else in the same form) keeps: `shop:customers` is a hash whose values are rows as JSON objects, `shop:customers:*` a hash for
 * each row. All columns are texts: Redis knows no types.
 * @throws MillraceError `redis.unreachable`, `redis.key_of_other_type`
 */
export async function openTableLookup(
  config: ConnectionOptions,
  request: LookupRequest,
  signal: AbortSignal,
): Promise<TableLookup> {
  const { table, columns, hold } = request;
  if (hold !== undefined) return HeldTable.open(config, request, hold, { clock: systemClock, signal });
  const redis = await connect(config, { key: table });
  try {
    const type = await redis.type(table);
    const isEachRow = table.endsWith(EACH_ROW);
    if (!isEachRow && type !== 'hash' && type !== 'none') {
      throw new MillraceError(KeyOfOtherType, {
        message: `"${table}" is of type ${type}, and rows are looked up in a hash`,
        mend: `Name a hash whose values are rows as JSON, or with ${EACH_ROW} at the end keys that are hashes.`,
      });
    }
    return {
      columns: lookupColumns(columns),
      async find(keys) {
        const found: Row[] = [];
        for (let at = 0; at < keys.length; at += KEYS_MAX) {
          const names = keys.slice(at, at + KEYS_MAX).map(nameOf);
          const part = isEachRow ? ofHashes(redis, table, columns, names) : ofFields(redis, table, columns, names);
          found.push(
            ...(await part.catch((error: unknown) => {
              throw serverError(error, `look rows of ${table} up`);
            })),
          );
        }
        return found;
      },
      [Symbol.asyncDispose]: async () => redis.disconnect(),
    };
  } catch (error) {
    redis.disconnect();
    throw serverError(error, `look rows of ${table} up`);
  }
}

async function ofFields(
  redis: Redis,
  key: string,
  columns: readonly string[],
  names: readonly string[],
): Promise<Row[]> {
  const texts = await redis.hmget(key, ...names);
  return texts.map((text, index) => (text === null ? undefined : rowOf(key, names[index]!, text, columns)));
}

async function ofHashes(
  redis: Redis,
  table: string,
  columns: readonly string[],
  names: readonly string[],
): Promise<Row[]> {
  const pipeline = redis.pipeline();
  const prefix = table.slice(0, -EACH_ROW.length);
  for (const name of names) pipeline.hmget(`${prefix}${name}`, ...columns).exists(`${prefix}${name}`);
  const answers = (await pipeline.exec()) as [Error | null, unknown][];
  return names.map((_, index) => {
    const [[failed, row], [, exists]] = [answers[2 * index]!, answers[2 * index + 1]!];
    if (failed !== null) throw failed;
    return exists === 1 ? (row as (string | null)[]) : undefined;
  });
}
