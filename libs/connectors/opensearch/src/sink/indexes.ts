import type { ColumnKind, TableSchema } from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import type { SinkStage } from '../config.ts';
import { ServerRefused } from '../errors.ts';
import { type Cluster, typeOf } from '../server/cluster.ts';

const KEYWORD_MAX = 256;
const KEYWORD = { type: 'keyword' };
/** NaN, infinity and dates before Christ are kept and not found, instead of refusing their row. */
const lenient = (type: string) => ({ type, ignore_malformed: true });

/** What `RowJsonWriter` writes, as fields. Of JSON the cluster guesses: it may hold anything. */
const FIELDS: Readonly<Record<ColumnKind, object | undefined>> = {
  integer: { type: 'long' },
  bigint: { type: 'long' },
  exact: lenient('double'),
  float: lenient('double'),
  boolean: { type: 'boolean' },
  json: undefined,
  timestamptz: lenient('date'),
  timestamp: lenient('date'),
  date: lenient('date'),
  time: KEYWORD,
  uuid: KEYWORD,
  bytea: { type: 'binary' },
  text: { type: 'text', fields: { keyword: { ...KEYWORD, ignore_above: KEYWORD_MAX } } },
};

const EVENT_FIELDS = {
  '@timestamp': { type: 'date' },
  __op: KEYWORD,
  __table: KEYWORD,
  __lsn: KEYWORD,
  __index: { type: 'long' },
  __commit_time: { type: 'date' },
};

/** The mapping of a table's documents. */
export function mappingOf({ columns }: TableSchema, mode: SinkStage['mode']): object {
  const fields = columns.flatMap(({ name, kind }) =>
    FIELDS[kind] === undefined ? [] : [[name, FIELDS[kind]] as const],
  );
  return { properties: { ...(mode === 'append' ? EVENT_FIELDS : {}), ...Object.fromEntries(fields) } };
}

/** Creates indexes that are missing, each asked for once. */
export class Indexes {
  readonly #cluster: Cluster;
  readonly #stage: SinkStage;
  readonly #there = new Map<string, Promise<void>>();

  constructor(cluster: Cluster, stage: SinkStage) {
    this.#cluster = cluster;
    this.#stage = stage;
  }

  /** @throws MillraceError `opensearch.server_refused` and what requests throw */
  ensure(index: string, schema: TableSchema, signal: AbortSignal): Promise<void> {
    if (!this.#stage.createIndex) return Promise.resolve();
    let there = this.#there.get(index);
    if (there === undefined) {
      there = this.#create(index, schema, signal);
      this.#there.set(index, there);
      there.catch(() => this.#there.delete(index));
    }
    return there;
  }

  async #create(index: string, schema: TableSchema, signal: AbortSignal): Promise<void> {
    // Of an alias and of a data stream it says that they are there, too.
    const there = await this.#cluster.request({ method: 'HEAD', path: `/${index}`, signal });
    if (there.status < 300) return;
    const { mode, shards, replicas } = this.#stage;
    const settings = {
      ...(shards === undefined ? {} : { number_of_shards: shards }),
      ...(replicas === undefined ? {} : { number_of_replicas: replicas }),
    };
    const answer = await this.#cluster.request({
      method: 'PUT',
      path: `/${index}`,
      json: { settings, mappings: mappingOf(schema, mode) },
      signal,
    });
    if (answer.status < 300 || typeOf(answer) === 'resource_already_exists_exception') return;
    throw new MillraceError(ServerRefused, {
      message: `${this.#cluster.origin} does not create index ${index}: ${this.#cluster.reasonOf(answer)}`,
      mend: 'Create it by hand and set createIndex: false, or correct what the message says.',
    });
  }
}
