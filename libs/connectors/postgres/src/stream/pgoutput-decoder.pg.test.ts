import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TupleCursor, UNCHANGED_LENGTH } from '@millrace/formats';
import { SeededRandom, type TestDatabase, testPostgres } from '@millrace/testing';
import fc from 'fast-check';
import { type Pgoutput, PgoutputPlugin } from 'pg-logical-replication';
import { FrameReader } from './frame-reader.ts';
import { Message, PgoutputDecoder } from './pgoutput-decoder.ts';
import { RelationCache } from './relation-cache.ts';

type Values = Record<string, string | null | undefined>;

/** What both decoders say of a row change. */
interface RowChange {
  readonly tag: string;
  readonly table: string;
  readonly old: Values | undefined;
  readonly new: Values | undefined;
}

const cursor = new TupleCursor();

/** Our reading of a message; `undefined` for messages that are not row changes. */
function ours(decoder: PgoutputDecoder, message: Buffer, start = 0, end = message.length): RowChange | undefined {
  const kind = decoder.read(message, start, end);
  const tag = { [Message.Insert]: 'insert', [Message.Update]: 'update', [Message.Delete]: 'delete' }[kind];
  if (tag === undefined) return undefined;
  const values = (bytes: Buffer, start: number): Values | undefined => {
    if (start < 0) return undefined;
    cursor.read(bytes, start);
    return Object.fromEntries(
      decoder.relation.schema.columns.map(({ name, field }) => {
        const length = cursor.lengths[field]!;
        const from = cursor.starts[field]!;
        return [
          name,
          length === UNCHANGED_LENGTH ? undefined : length < 0 ? null : bytes.toString('utf8', from, from + length),
        ];
      }),
    );
  };
  return {
    tag,
    table: decoder.relation.schema.id,
    old: values(decoder.bytes, decoder.oldStart),
    new: values(decoder.newBytes, decoder.newStart),
  };
}

/** The same of the independent decoder, with what it made of the values turned back into text. */
function theirs(plugin: PgoutputPlugin, message: Buffer): RowChange | undefined {
  const parsed = plugin.parse(message) as Pgoutput.Message;
  if (parsed.tag !== 'insert' && parsed.tag !== 'update' && parsed.tag !== 'delete') return undefined;
  const text = (row: Record<string, unknown> | null): Values | undefined =>
    row === null
      ? undefined
      : Object.fromEntries(
          Object.entries(row).map(([name, value]) => [
            name,
            value === undefined ? undefined : value === null ? null : String(value as string | number | boolean),
          ]),
        );
  const identity = parsed.tag === 'insert' ? undefined : text(parsed.old ?? keyRow(parsed.key, parsed.relation));
  return {
    tag: parsed.tag,
    table: `${parsed.relation.schema}.${parsed.relation.name}`,
    old: identity,
    new: parsed.tag === 'delete' ? undefined : text(parsed.new),
  };
}

/** It leaves the columns outside the key away; the protocol sends them as null. */
function keyRow(
  key: Record<string, unknown> | null,
  relation: Pgoutput.MessageRelation,
): Record<string, unknown> | null {
  return key === null ? null : Object.fromEntries(relation.columns.map(({ name }) => [name, key[name] ?? null]));
}

describe('the pgoutput decoder beside pg-logical-replication', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await (await testPostgres()).createDatabase('decoder');
  });

  afterAll(async () => await database?.[Symbol.asyncDispose]());

  /** Messages of what `work` did, straight from the server. */
  async function messages(work: () => Promise<unknown>): Promise<readonly Buffer[]> {
    const slot = `decoder_${database.name}`;
    await database.query(`SELECT pg_create_logical_replication_slot('${slot}', 'pgoutput')`);
    try {
      await work();
      const rows = await database.query<{ data: Buffer }>(
        `SELECT data FROM pg_logical_slot_get_binary_changes('${slot}', NULL, NULL, 'proto_version', '1', 'publication_names', 'decoder')`,
      );
      return rows.map((row) => row.data);
    } finally {
      await database.query(`SELECT pg_drop_replication_slot('${slot}')`);
    }
  }

  const both = (sent: readonly Buffer[]): [(RowChange | undefined)[], (RowChange | undefined)[]] => {
    const decoder = new PgoutputDecoder(new RelationCache(new Map()));
    const plugin = new PgoutputPlugin({ protoVersion: 1, publicationNames: ['decoder'] });
    return [sent.map((message) => ours(decoder, message)), sent.map((message) => theirs(plugin, message))];
  };

  it.each(['DEFAULT', 'FULL'])('reads the same out of random work, replica identity %s', async (identity) => {
    await database.query(`
      DROP TABLE IF EXISTS work; DROP PUBLICATION IF EXISTS decoder;
      CREATE TABLE work (a int, b text, big text, amount numeric, id uuid, huge int8, PRIMARY KEY (a, b));
      ALTER TABLE work ALTER big SET STORAGE EXTERNAL; ALTER TABLE work REPLICA IDENTITY ${identity};
      CREATE PUBLICATION decoder FOR TABLE work`);
    const random = new SeededRandom(identity.length);
    const statement = (): string => {
      const a = random.integer(0, 30);
      const text =
        random.integer(0, 2) === 0 ? "repeat('ö\t😀', 900)" : `'${['', 'x', 'naïve'][random.integer(0, 2)]}'`;
      switch (random.integer(0, 5)) {
        case 0:
        case 1:
          return `INSERT INTO work VALUES (${a}, 'k', ${text}, ${random.integer(0, 9999)} / 7.0, gen_random_uuid(), 9007199254740993 + ${a}) ON CONFLICT DO NOTHING`;
        case 2:
          return `UPDATE work SET amount = amount + 1 WHERE a = ${a}`;
        case 3:
          return `UPDATE work SET big = ${random.integer(0, 1) === 0 ? 'NULL' : text}, huge = -huge WHERE a = ${a}`;
        case 4:
          return `UPDATE work SET a = a + 100, b = b || 'é' WHERE a = ${a} AND NOT EXISTS (SELECT FROM work w WHERE w.a = ${a} + 100)`;
        default:
          return `DELETE FROM work WHERE a = ${a}`;
      }
    };
    const statements = Array.from({ length: 400 }, statement).join(';');
    const [mine, oracle] = both(await messages(() => database.query(statements)));
    expect(mine).toEqual(oracle);
    const tags = mine.flatMap((change) => (change === undefined ? [] : [change.tag]));
    expect(new Set(tags)).toEqual(new Set(['insert', 'update', 'delete']));
    expect(tags.length).toBeGreaterThan(150);
  });

  it('reads the same however the captured stream is cut into chunks', async () => {
    await database.query(
      'DROP PUBLICATION IF EXISTS decoder; CREATE TABLE cut (id int PRIMARY KEY, v text); CREATE PUBLICATION decoder FOR TABLE cut',
    );
    const sent = await messages(() =>
      database.query(
        "INSERT INTO cut SELECT i, repeat('ü', i) FROM generate_series(1, 60) i; UPDATE cut SET id = id + 100; DELETE FROM cut",
      ),
    );
    const [whole] = both(sent);
    const header = Buffer.alloc(5, 'd');
    const stream = Buffer.concat(
      sent.flatMap((message) => {
        header.writeInt32BE(4 + message.length, 1);
        return [Buffer.from(header), message];
      }),
    );
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 60 }), (cuts) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), stream.length];
        const reader = new FrameReader();
        const decoder = new PgoutputDecoder(new RelationCache(new Map()));
        const found: (RowChange | undefined)[] = [];
        for (const [at, end] of edges.slice(1).entries()) {
          reader.feed(Buffer.from(stream.subarray(edges[at], end)));
          while (reader.next()) found.push(ours(decoder, reader.bytes, reader.start, reader.end));
        }
        expect(found).toEqual(whole);
      }),
      { numRuns: 50 },
    );
  });

  it('reads the same transaction frames and truncates', async () => {
    await database.query(`
      DROP PUBLICATION IF EXISTS decoder; CREATE TABLE one (id int PRIMARY KEY); CREATE TABLE two (id int PRIMARY KEY REFERENCES one);
      CREATE PUBLICATION decoder FOR TABLE one, two`);
    const sent = await messages(() => database.query('INSERT INTO one VALUES (1); TRUNCATE one CASCADE'));
    const decoder = new PgoutputDecoder(new RelationCache(new Map()));
    const plugin = new PgoutputPlugin({ protoVersion: 1, publicationNames: ['decoder'] });
    const seen: string[] = [];
    for (const message of sent) {
      const kind = decoder.read(message, 0, message.length);
      const parsed = plugin.parse(message) as Pgoutput.Message;
      seen.push(parsed.tag);
      const hex = (text: string | null): bigint =>
        BigInt(
          `0x${text!
            .split('/')
            .map((half) => half.padStart(8, '0'))
            .join('')}`,
        );
      if (parsed.tag === 'begin') {
        expect([kind, decoder.commitLsn, decoder.xid]).toEqual([Message.Begin, hex(parsed.commitLsn), parsed.xid]);
        expect(decoder.commitTimeUs).toBe(BigInt(parsed.commitTime.toString()));
      }
      if (parsed.tag === 'commit') expect([kind, decoder.endLsn]).toEqual([Message.Commit, hex(parsed.commitEndLsn)]);
      if (parsed.tag === 'truncate') {
        expect(decoder.truncated.map((relation) => relation.schema.table)).toEqual(
          parsed.relations.map((relation) => relation.name),
        );
      }
    }
    expect(seen.filter((tag) => tag !== 'relation')).toEqual(['begin', 'insert', 'truncate', 'commit']);
  });

  it('keeps what the other one loses: microseconds, infinities, big numbers in JSON, dates', async () => {
    await database.query(`
      DROP PUBLICATION IF EXISTS decoder; SET TimeZone = 'UTC';
      CREATE TABLE exact (id int PRIMARY KEY, at timestamptz, until timestamptz, doc jsonb, born date);
      CREATE PUBLICATION decoder FOR TABLE exact`);
    const sent = await messages(() =>
      database.query(
        `INSERT INTO exact VALUES (1, '2024-01-01 00:00:00.123456+00', 'infinity', '{"n": 12345678901234567890}', '0044-03-15 BC')`,
      ),
    );
    const [mine, oracle] = both(sent);
    const exact = mine.find((change) => change !== undefined)!.new!;
    const lossy = oracle.find((change) => change !== undefined)!.new!;
    expect(exact).toMatchObject({ until: 'infinity', doc: '{"n": 12345678901234567890}', born: '0044-03-15 BC' });
    expect(exact['at']).toContain('.123456');
    expect(lossy['at']).not.toContain('123456');
    expect(lossy['until']).toBe('Infinity');
    expect(lossy['doc']).toBe('[object Object]');
    expect(lossy['born']).not.toContain('0044-03-15');
  });

  it('refuses a message that version 1 does not have', () => {
    const decoder = new PgoutputDecoder(new RelationCache(new Map()));
    expect(() => decoder.read(Buffer.from('S1234'), 0, 5)).toThrow('type 83');
  });
});
