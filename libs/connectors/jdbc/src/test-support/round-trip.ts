import fc from 'fast-check';
import type { TestTarget } from './targets.ts';

/** A type of a column and constants of it, as SQL. */
type TypedValues = readonly [type: string, values: fc.Arbitrary<string>];

const integer = (bits: number, isSigned = true): fc.Arbitrary<string> => {
  const half = 1n << BigInt(bits - 1);
  return fc.bigInt(isSigned ? { min: -half, max: half - 1n } : { min: 0n, max: half * 2n - 1n }).map(String);
};
const decimal = (digits: number, scale: number): fc.Arbitrary<string> =>
  fc.tuple(fc.constantFrom('', '-'), fc.bigInt({ min: 0n, max: 10n ** BigInt(digits) - 1n })).map(([sign, value]) => {
    const text = String(value).padStart(scale + 1, '0');
    return scale === 0 ? sign + text : `${sign}${text.slice(0, -scale)}.${text.slice(-scale)}`;
  });
const pad = (value: number, width = 2): string => String(value).padStart(width, '0');
const date = (yearMin = 1): fc.Arbitrary<string> =>
  fc
    .tuple(fc.integer({ min: yearMin, max: 9_999 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 28 }))
    .map(([year, month, day]) => `${pad(year, 4)}-${pad(month)}-${pad(day)}`);
const time = (hoursMax = 23): fc.Arbitrary<string> =>
  fc
    .tuple(fc.nat(hoursMax), fc.nat(59), fc.nat(59), fc.nat(999_999))
    .map(([hour, minute, second, micro]) => `${pad(hour)}:${pad(minute)}:${pad(second)}.${pad(micro, 6)}`);
const timestamp = (yearMin?: number) => fc.tuple(date(yearMin), time()).map(([day, of]) => `${day} ${of}`);
const nasty = fc.constantFrom(
  '',
  ' ',
  'a\tb\nc\\d\r',
  "it's",
  '\\N',
  '\\.',
  '"q"',
  'ż🦊',
  '\u0001',
  '  x  ',
  '0',
  'null',
);
const text = fc.oneof(
  nasty,
  fc.string({ unit: 'binary', maxLength: 300 }).map((value) => value.replaceAll('\0', '')),
  fc.nat(3).map((times) => 'longer text '.repeat(20 ** times)),
);
const short = (max: number): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom('a', 'Z', ' ', 'ż', '🦊', "'", '\\', '0'), { maxLength: max })
    .map((characters) => characters.join('').trimEnd());
const bytes = (max: number, min = 0) =>
  fc.uint8Array({ minLength: min, maxLength: max }).map((b) => Buffer.from(b).toString('hex'));
const json = fc.json().filter((value) => !value.includes('\\u0000'));
const uuid = fc.uuid();

const postgresText = (value: string): string => `E'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
const mysqlText = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
const sqliteText = (value: string): string => `'${value.replaceAll("'", "''")}'`;

const float = (text: (value: string) => string, options: fc.DoubleConstraints = {}) =>
  fc.double(options).map((value) => text(Object.is(value, -0) ? '-0' : String(value)));

function postgres(): readonly TypedValues[] {
  const quoted = (values: fc.Arbitrary<string>) => values.map(postgresText);
  const rare = (values: fc.Arbitrary<string>, ...others: string[]) =>
    fc.oneof({ weight: 5, arbitrary: values }, fc.constantFrom(...others));
  return [
    ['smallint', integer(16)],
    ['integer', integer(32)],
    ['bigint', integer(64)],
    ['numeric', quoted(rare(decimal(60, 25), 'NaN', '1e300', '-1e-300'))],
    ['numeric(12,3)', decimal(12, 3)],
    ['money', decimal(15, 2)],
    ['real', quoted(fc.float().map(String))],
    ['double precision', float(postgresText)],
    ['boolean', fc.constantFrom('true', 'false')],
    ['text', quoted(text)],
    ['varchar(10)', quoted(short(10))],
    ['char(5)', quoted(short(5))],
    ['bytea', quoted(bytes(200).map((hex) => `\\x${hex}`))],
    ['json', quoted(json)],
    ['jsonb', quoted(json)],
    ['date', quoted(rare(date(), 'infinity', '-infinity', '0044-03-15 BC', '12024-01-01'))],
    ['time', quoted(rare(time(), '24:00'))],
    ['time with time zone', quoted(time().map((value) => `${value}+05:30`))],
    ['timestamp', quoted(rare(timestamp(), 'infinity', '0044-03-15 01:02:03 BC'))],
    [
      'timestamptz',
      quoted(
        rare(
          timestamp(2).map((value) => `${value}-07`),
          'infinity',
        ),
      ),
    ],
    [
      'interval',
      quoted(
        fc.tuple(fc.integer({ min: -99, max: 99 }), time()).map(([months, of]) => `${months} months 3 days ${of}`),
      ),
    ],
    ['uuid', quoted(uuid)],
    [
      'integer[]',
      quoted(
        fc
          .array(fc.option(fc.integer()), { maxLength: 4 })
          .map((list) => `{${list.map((value) => value ?? 'NULL').join(',')}}`),
      ),
    ],
    ['text[]', fc.array(quoted(text), { minLength: 1, maxLength: 3 }).map((list) => `array[${list.join(',')}]`)],
    ['inet', fc.constantFrom("'10.0.0.1/8'", "'::1'")],
    ['bit(5)', fc.constantFrom("B'10101'", "B'00000'")],
    ['bit varying(9)', fc.constantFrom("B'1'", "B'101010101'")],
    ['int4range', fc.constantFrom("'[1,5)'", "'empty'")],
    ['point', fc.constantFrom("'(1.5,-2)'")],
    ['round_trip_mood', fc.constantFrom("'sad'", "'very happy'")],
    ['round_trip_digits', fc.constantFrom("'12'", "'7'")],
  ];
}

function mysql(): readonly TypedValues[] {
  const quoted = (values: fc.Arbitrary<string>) => values.map(mysqlText);
  return [
    ['tinyint(1)', integer(8)],
    ['tinyint unsigned', integer(8, false)],
    ['smallint', integer(16)],
    ['smallint unsigned', integer(16, false)],
    ['mediumint', integer(24)],
    ['int', integer(32)],
    ['int unsigned', integer(32, false)],
    ['int(8) unsigned zerofill', integer(20, false)],
    ['bigint', integer(64)],
    ['bigint unsigned', integer(64, false)],
    ['decimal(65,30)', decimal(65, 30)],
    ['decimal(5,0)', decimal(5, 0)],
    ['float', quoted(fc.float({ noNaN: true, noDefaultInfinity: true }).map(String))],
    ['double', float(mysqlText, { noNaN: true, noDefaultInfinity: true })],
    ['bit(1)', fc.constantFrom("b'0'", "b'1'")],
    ['bit(33)', integer(33, false)],
    ['bit(64)', integer(64, false)],
    ['date', quoted(date())],
    ['datetime', quoted(date().map((day) => `${day} 01:02:03`))],
    ['datetime(6)', quoted(timestamp())],
    [
      'timestamp(3)',
      quoted(
        fc
          .tuple(fc.integer({ min: 1_971, max: 2_037 }), time())
          .map(([year, of]) => `${year}-02-03 ${of.slice(0, 12)}`),
      ),
    ],
    ['time(6)', quoted(fc.tuple(fc.constantFrom('', '-'), time(837)).map(([sign, of]) => sign + of))],
    ['year', fc.integer({ min: 1_901, max: 2_155 }).map(String)],
    ['char(10)', quoted(short(10))],
    ['varchar(20)', quoted(short(20))],
    // The server sends and takes utf8mb4, whatever it keeps.
    ['varchar(20) character set latin1', fc.constantFrom("'é'", "''", "'x y'")],
    ['text', quoted(text.filter((value) => value.length < 16_000))],
    ['longtext', quoted(text)],
    ["enum('a','B c')", fc.constantFrom("'a'", "'B c'")],
    ["set('x','y')", fc.constantFrom("''", "'x,y'", "'y'")],
    ['binary(4)', bytes(4, 4).map((hex) => `x'${hex}'`)],
    ['varbinary(20)', bytes(20).map((hex) => `x'${hex}'`)],
    ['blob', bytes(300).map((hex) => `x'${hex}'`)],
    ['json', quoted(json)],
  ];
}

function sqlite(): readonly TypedValues[] {
  const quoted = (values: fc.Arbitrary<string>) => values.map(sqliteText);
  return [
    ['integer', integer(64)],
    ['bigint', integer(64)],
    // Minus zero is stored, and read as zero.
    [
      'real',
      float((value) => (value === '-0' ? '0.0' : value.includes('e') || value.includes('.') ? value : `${value}.0`), {
        noNaN: true,
        noDefaultInfinity: true,
      }),
    ],
    ['text', quoted(text)],
    ['varchar(10)', quoted(text)],
    ['blob', bytes(300).map((hex) => `x'${hex}'`)],
    ['boolean', fc.constantFrom('0', '1')],
    ['datetime', quoted(timestamp())],
    ['decimal(10,2)', decimal(10, 2)],
  ];
}

export interface RoundTripTable {
  readonly definitions: string;
  /** Constants of a row, without the id. */
  readonly row: fc.Arbitrary<readonly string[]>;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

/** A table `round_trip` with a column of each type. */
export function roundTripTable(dialect: TestTarget['dialect']): RoundTripTable {
  const types = { postgres, mysql, sqlite }[dialect]();
  const columns = types.map(([type], index) => ({ name: `c${index}`, type }));
  const values = types.map(([, of]) => fc.option(of, { nil: 'null', freq: 9 }));
  return {
    definitions: types
      .map(([type], index) => `, c${index} ${type}${type.startsWith('timestamp(') ? ' null' : ''}`)
      .join(''),
    row: fc.tuple(...values),
    columns,
  };
}
