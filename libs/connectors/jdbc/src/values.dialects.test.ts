import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ChangeFeed, type TestRow, tableSchema } from './test-support/change-feed.ts';
import { startSink } from './test-support/drive.ts';
import { TARGETS, type TestTarget } from './test-support/targets.ts';

const COLUMNS = {
  '*id': 'integer',
  small: 'smallint',
  owner: 'oid',
  big: 'bigint',
  n: 'numeric(20,4)',
  free: 'numeric',
  cash: 'money',
  f: 'double precision',
  r: 'real',
  flag: 'boolean',
  j: 'jsonb',
  tz: 'timestamp with time zone',
  ts: 'timestamp without time zone',
  d: 'date',
  ti: 'time without time zone',
  u: 'uuid',
  bytes: 'bytea',
  t: 'text',
  short: 'character varying(5)',
  padded: 'character(5)',
  list: 'integer[]',
  i: 'interval',
};

const ROWS: readonly TestRow[] = [
  {
    id: '-2147483648',
    small: '-32768',
    owner: '4294967295',
    big: '-9223372036854775808',
    n: '-9999999999999999.9999',
    free: '99999999999999999999999999999999999.123456789012345678901234567891',
    cash: '-$92,233,720,368,547,758.08',
    f: '1.7976931348623157e+308',
    r: '3.4028235e+38',
    flag: 't',
    j: '{"a": 12345678901234567890123, "s": "\\"\\\\ż🦊", "z": [1.10, null]}',
    tz: '9999-12-31 23:59:59.999999+00',
    ts: '9999-12-31 23:59:59.999999',
    d: '9999-12-31',
    ti: '24:00:00',
    u: 'ffffffff-ffff-ffff-ffff-ffffffffffff',
    bytes: '\\x00ff275c00',
    t: 'it\'s "q" \\ \\0 `b` %_ żółć 🦊 \u0001\u001a\r\n\t  ',
    short: 'żółty',
    padded: 'ab   ',
    list: '{1,NULL,3}',
    i: '1 year -2 days +03:04:05.678',
  },
  {
    id: '0',
    small: '0',
    owner: '0',
    big: '9223372036854775807',
    n: '0.0001',
    free: '-0.000000000000000000000000000001',
    cash: '$0.00',
    f: '5e-324',
    r: '1e-45',
    flag: 'f',
    j: '""',
    tz: '0001-01-02 04:00:00.1+05:30',
    ts: '0001-01-01 00:00:00',
    d: '0001-01-01',
    ti: '00:00:00.000001',
    u: '00000000-0000-0000-0000-000000000000',
    bytes: '\\x',
    t: '',
    short: '',
    padded: '     ',
    list: '{}',
    i: '00:00:00',
  },
  Object.fromEntries(Object.keys(COLUMNS).map((name) => [name.replace('*', ''), name === '*id' ? '2' : null])),
];

/** What a dialect writes in another way, without changing the value; `undefined`: as PostgreSQL's text. */
const WRITTEN: Readonly<Record<TestTarget['dialect'], Readonly<Record<string, Readonly<Record<string, string>>>>>> = {
  postgres: {
    // A cast to text cuts the padding off.
    '-2147483648': { flag: 'true', padded: 'ab' },
    '0': { flag: 'false', padded: '', tz: '0001-01-01 22:30:00.1+00' },
  },
  mysql: {
    '-2147483648': { flag: '1', tz: '9999-12-31 23:59:59.999999', ti: '24:00:00.000000', bytes: '\\x00ff275c00' },
    '0': {
      flag: '0',
      tz: '0001-01-01 22:30:00.100000',
      ts: '0001-01-01 00:00:00.000000',
    },
  },
  sqlite: {
    '-2147483648': { flag: '1', tz: '9999-12-31 23:59:59.999999+00:00' },
    '0': { flag: '0' },
  },
};

/** The value as text, without rounding. */
function asText(dialect: TestTarget['dialect'], name: string): string {
  if (dialect === 'postgres') return `${name}::text`;
  if (name === 'bytes')
    return dialect === 'mysql'
      ? `concat('\\\\x', lower(hex(${name})))`
      : `iif(${name} is null, null, '\\x' || lower(hex(${name})))`;
  if (name === 'f' || name === 'r') return name;
  return dialect === 'mysql' ? `cast(${name} as char)` : `cast(${name} as text)`;
}

/** Values that a dialect cannot hold. */
const REFUSED: Readonly<Record<TestTarget['dialect'], readonly (readonly [column: string, value: string])[]>> = {
  postgres: [
    ['t', 'nul\0'],
    ['n', '12345678901234567.0'],
  ],
  mysql: [
    ['f', 'NaN'],
    ['f', '-Infinity'],
    ['r', 'Infinity'],
    ['n', 'NaN'],
    ['free', 'NaN'],
    ['free', 'Infinity'],
    ['free', '1.0000000000000000000000000000001'],
    ['free', '123456789012345678901234567890123456'],
    ['tz', 'infinity'],
    ['tz', '10000-01-01 00:00:00+00'],
    ['tz', '0044-03-15 00:00:00+00 BC'],
    ['ts', '-infinity'],
    ['d', '0044-03-15 BC'],
    ['d', 'infinity'],
    ['short', 'toolong'],
    ['small', '32768'],
  ],
  sqlite: [
    ['f', 'NaN'],
    ['r', 'NaN'],
  ],
};

describe.each(TARGETS)('values at %s', (_, open) => {
  let target: TestTarget;
  beforeAll(async () => {
    target = await open();
  });
  afterAll(async () => {
    await target[Symbol.asyncDispose]();
  });

  it('arrive exactly, from the smallest to the largest', async () => {
    const schema = tableSchema('public.kinds', COLUMNS);
    const sink = await startSink(target.connection, { jobId: 'kinds' });
    const events = ROWS.map((after) => ({ op: 'Create' as const, schema, after }));
    await sink.write(...new ChangeFeed().transaction(16n, events).take());
    await sink.complete();
    // The second time by update.
    await sink.write(
      ...new ChangeFeed()
        .transaction(
          32n,
          events.map((event) => ({ ...event, op: 'Update' as const })),
        )
        .take(),
    );
    await sink.complete();
    const names = schema.columns.map(({ name }) => name);
    const list = names.map((name) => `${asText(target.dialect, name)} as ${name}`).join(', ');
    const setting = target.dialect === 'postgres' ? "set timezone = 'UTC'; " : '';
    const found = await target.query(`${setting}select ${list} from kinds order by id`);
    const expected = ROWS.map((row) => ({ ...row, ...WRITTEN[target.dialect][String(row['id'])] }));
    const plain = found.map((row) => {
      const text: Record<string, unknown> = { ...row };
      for (const name of ['f', 'r']) if (text[name] !== null) text[name] = Number(text[name]);
      return text;
    });
    const numbers = expected.map((row) => ({
      ...row,
      f: row['f'] === null ? null : Number(row['f']),
      r: row['r'] === null ? null : Number(row['r']),
    }));
    expect(plain).toEqual(numbers);
    await sink.close();
  });

  it('that the target cannot hold are refused, never changed', async () => {
    for (const [index, [column, value]] of REFUSED[target.dialect].entries()) {
      const schema = tableSchema('public.kinds', COLUMNS);
      const sink = await startSink(target.connection, { jobId: `refused${index}` });
      const after = { ...ROWS[2], id: '77', [column]: value };
      await sink.write(...new ChangeFeed().transaction(16n, [{ op: 'Create', schema, after }]).take());
      await expect(sink.complete()).rejects.toMatchObject({
        code: { code: 'jdbc.row_refused' },
        details: { key: { id: '77' } },
      });
      await sink.close();
    }
    expect(await target.query('select id from kinds where id = 77')).toEqual([]);
  });
});
