import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { AvroRowWriter, ByteOutput, derivedSchema, encodeRows } from '@millrace/formats';
import { javaProgram, mavenJars } from '@millrace/testing';
import { AVRO_DEFAULTS } from './format-options.ts';

const READER = fileURLToPath(new URL('../test-support/ReadAvro.java', import.meta.url));
const COLUMNS = [
  { name: 'id', kind: 'bigint', sqlType: 'bigint', key: true },
  { name: 'small', kind: 'integer', sqlType: 'smallint' },
  { name: 'amount', kind: 'exact', sqlType: 'numeric(38,10)' },
  { name: 'loose', kind: 'exact', sqlType: 'numeric' },
  { name: 'ratio', kind: 'float', sqlType: 'double precision' },
  { name: 'is on', kind: 'boolean', sqlType: 'boolean' },
  { name: 'at', kind: 'timestamptz', sqlType: 'timestamp with time zone' },
  { name: 'local', kind: 'timestamp', sqlType: 'timestamp without time zone' },
  { name: 'day', kind: 'date', sqlType: 'date' },
  { name: 'clock', kind: 'time', sqlType: 'time without time zone' },
  { name: 'uid', kind: 'uuid', sqlType: 'uuid' },
  { name: 'raw', kind: 'bytea', sqlType: 'bytea' },
  { name: 'doc', kind: 'json', sqlType: 'jsonb' },
  { name: 'tags', kind: 'text', sqlType: 'text[]' },
  { name: 'days', kind: 'text', sqlType: 'date[]' },
] as const;

// The first time its jars are fetched.
it("is read by Apache's own Avro, with its logical types, and grows compatibly by its rules", async () => {
  const table = derivedSchema('public', 'orders', COLUMNS);
  const output = new ByteOutput(1_024);
  const writer = new AvroRowWriter(output, AVRO_DEFAULTS);
  const row = {
    id: '-9223372036854775808',
    small: '-1',
    amount: '-1234567890123456789012345678.0000000001',
    loose: '1e400',
    ratio: '0.1',
    'is on': 't',
    at: '1969-12-31 23:59:59.999999+00',
    local: '2024-02-29 12:00:00.000001',
    day: '1582-10-15',
    clock: '23:59:59.999999',
    uid: 'b9f1c4ae-7b1c-4b7c-a7d4-3f4a6a1f4f60',
    raw: '\\x00ff',
    doc: '{"a": 1}',
    tags: '{a,NULL,"b,c"}',
    days: '{2024-02-29}',
  };
  writer.row(encodeRows(table, [row], { receivedMs: 0 }), 0);
  const schemaOf = (columns: typeof COLUMNS | readonly (typeof COLUMNS)[number][]): string =>
    JSON.stringify(writer.rowSchema(derivedSchema('public', 'orders', columns)));

  const folder = await mkdtemp(join(tmpdir(), 'millrace-avro-'));
  try {
    const contents = [
      schemaOf(COLUMNS),
      Buffer.from(output.bytes).toString('base64'),
      schemaOf(COLUMNS.slice(0, 3)),
      schemaOf(COLUMNS),
    ];
    const files = contents.map((_, index) => join(folder, String(index)));
    for (const [index, file] of files.entries()) await writeFile(file, contents[index]!);
    const jars = await mavenJars('avro', ['org.apache.avro:avro:1.12.0', 'org.slf4j:slf4j-nop:2.0.16']);
    const { stdout } = await promisify(execFile)(await javaProgram(), ['-cp', jars, READER, ...files]);
    const [record, ...compatible] = stdout.trim().split('\n');
    expect(compatible).toEqual(['COMPATIBLE', 'COMPATIBLE']);
    // Java prints decimals as numbers, and times by their own classes.
    expect(record).toBe(
      '{"__unchanged": [], "id": -9223372036854775808, "small": -1, "amount": -1234567890123456789012345678.0000000001, "loose": "1e400", "ratio": 0.1, "is_on": true, ' +
        '"at": "1969-12-31T23:59:59.999999Z", "local": "2024-02-29T12:00:00.000001", "day": "1582-10-15", "clock": "23:59:59.999999", ' +
        '"uid": "b9f1c4ae-7b1c-4b7c-a7d4-3f4a6a1f4f60", "raw": "\\u0000ÿ", "doc": "{\\"a\\": 1}", "tags": ["a", null, "b,c"], "days": ["2024-02-29"]}',
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}, 180_000);
