import fc from 'fast-check';

/** Columns of the rows that expressions are evaluated on. */
export const COLUMNS = {
  b: 'boolean',
  i2: 'smallint',
  i4: 'integer',
  i8: 'bigint',
  n: 'numeric',
  m: 'numeric(10,2)',
  f4: 'real',
  f8: 'double precision',
  t: 'text collate "C"',
  w: 'text collate "C"',
  v: 'varchar(8) collate "C"',
  u: 'uuid',
  d: 'date',
  ts: 'timestamp',
  tz: 'timestamptz',
  iv: 'interval',
  j: 'jsonb',
} as const;
export type ColumnName = keyof typeof COLUMNS;
export type GeneratedRow = Readonly<Record<ColumnName, string | null>>;

const text = fc
  .array(fc.constantFrom('a', 'B', 'é', '😀', ' ', '%', '_', 'x', '1', '-', '\\', "'"), { maxLength: 6 })
  .map((chars) => chars.join(''));
const word = fc.array(fc.constantFrom('a', 'b', 'Z', 'q', ' ', '7'), { maxLength: 6 }).map((chars) => chars.join(''));
const numericText = fc.oneof(
  fc.tuple(fc.integer({ min: -9_999, max: 9_999 }), fc.integer({ min: 0, max: 5 })).map(([digits, scale]) => {
    const sign = digits < 0 ? '-' : '';
    const all = String(Math.abs(digits)).padStart(scale + 1, '0');
    return scale === 0 ? sign + all : `${sign}${all.slice(0, -scale)}.${all.slice(-scale)}`;
  }),
  fc.constantFrom('0', '0.00', '1', '-1', '12345678901234567890.123456789', '0.000000001', '1e20', 'NaN'),
);
const floatText = fc.oneof(
  fc.constantFrom(
    '0',
    '-0',
    '1',
    '1.5',
    '-2.5',
    '0.1',
    '1e20',
    '1e-7',
    '123456.789',
    'NaN',
    'Infinity',
    '-Infinity',
    '2.5',
    '3.5',
  ),
  fc.double({ noDefaultInfinity: true, noNaN: true, min: -1e6, max: 1e6 }).map(String),
);
const integer = (bits: number) =>
  fc.oneof(
    fc.integer({ min: -20, max: 20 }).map(String),
    fc.bigInt({ min: -(2n ** BigInt(bits - 1)), max: 2n ** BigInt(bits - 1) - 1n }).map(String),
  );
const dateText = fc
  .tuple(fc.integer({ min: 1, max: 3_000 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 28 }))
  .map(
    ([year, month, day]) =>
      `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`,
  );
const clockText = fc
  .tuple(
    fc.integer({ min: 0, max: 23 }),
    fc.integer({ min: 0, max: 59 }),
    fc.integer({ min: 0, max: 59 }),
    fc.constantFrom('', '.5', '.000001', '.123456'),
  )
  .map(([h, m, s, f]) => `${[h, m, s].map((each) => String(each).padStart(2, '0')).join(':')}${f}`);
const timestampText = fc.tuple(dateText, clockText).map(([date, clock]) => `${date} ${clock}`);
const intervalText = fc.constantFrom(
  '1 day',
  '-1 day',
  '1 mon',
  '1 year 2 mons 3 days 04:05:06.7',
  '90 minutes',
  '00:00:00.000001',
  '-1 mon +1 day',
  '30 days',
  '0',
);
const jsonText = fc.constantFrom(
  '{}',
  '[]',
  'null',
  '1',
  '"a"',
  'true',
  '{"a": 1, "b": [1, 2, {"c": null}]}',
  '{"bb": 1.50, "a": "x", "ccc": {"a": {"b": "deep"}}}',
  '[1, "a", null, [2], {"a": 1}]',
  '{"a": null, "": 2, "é": "ü"}',
);

const orNull = (values: fc.Arbitrary<string>): fc.Arbitrary<string | null> => fc.option(values, { freq: 6, nil: null });

export const generatedRow: fc.Arbitrary<GeneratedRow> = fc.record({
  b: orNull(fc.constantFrom('t', 'f')),
  i2: orNull(integer(16)),
  i4: orNull(integer(32)),
  i8: orNull(integer(64)),
  n: orNull(numericText),
  m: orNull(fc.constantFrom('1.00', '-3.25', '99999999.99', '0.01', '12.34')),
  f4: orNull(fc.constantFrom('0', '1.5', '-2.5', '0.1', '1e10', '3.4e+38', 'NaN', '16777216')),
  f8: orNull(floatText),
  t: orNull(text),
  w: orNull(word),
  v: orNull(word),
  u: orNull(fc.uuid()),
  d: orNull(dateText),
  ts: orNull(timestampText),
  tz: orNull(timestampText.map((each) => `${each}+00`)),
  iv: orNull(intervalText),
  j: orNull(jsonText),
});

const quoted = (value: string): string => `'${value.replaceAll("'", "''")}'`;
const column = (...names: readonly ColumnName[]) =>
  fc.constantFrom(...names).chain((name) => fc.constantFrom(`after.${name}`, `after.${name}`, `after."${name}"`));

/** Expressions by type of their result. Left operands contain a column, so that nothing is folded before it is evaluated. */
export const { anything: generatedExpression } = fc.letrec<Record<string, string>>((tie) => {
  const boolean = tie('boolean');
  const number = tie('number');
  const int = tie('int');
  const texts = tie('text');
  const time = tie('time');
  const json = tie('json');
  const call = (name: string, ...args: readonly fc.Arbitrary<string>[]) =>
    fc.tuple(...args).map((parts) => `${name}(${parts.join(', ')})`);
  const infix = (left: fc.Arbitrary<string>, operators: readonly string[], right: fc.Arbitrary<string>) =>
    fc.tuple(left, fc.constantFrom(...operators), right).map(([a, operator, b]) => `(${a} ${operator} ${b})`);
  const literal = (values: fc.Arbitrary<string>) => values.map(quoted);
  const smallInt = fc.integer({ min: -3, max: 5 }).map((n) => (n < 0 ? `(${n})` : String(n)));
  const numberLiteral = fc.oneof(
    smallInt,
    fc.constantFrom('0', '2', '0.5', '10', '3.00', '100000', '3000000000', "'4'", 'NULL', '1e3'),
  );
  const compared = ['=', '<>', '<', '<=', '>', '>='] as const;
  const maxDepth = { maxDepth: 3, depthIdentifier: 'expression' } as const;
  const castTo = (from: fc.Arbitrary<string>, ...types: readonly string[]) =>
    fc.tuple(from, fc.constantFrom(...types)).map(([value, type]) => `(${value})::${type}`);
  const caseOf = (value: fc.Arbitrary<string>) =>
    fc
      .tuple(boolean, value, value)
      .map(([when, then, otherwise]) => `(CASE WHEN ${when} THEN ${then} ELSE ${otherwise} END)`);
  const coalesce = (value: fc.Arbitrary<string>) => call('coalesce', value, value);
  return {
    boolean: fc.oneof(
      maxDepth,
      column('b'),
      infix(number, compared, fc.oneof(number, numberLiteral)),
      infix(texts, compared, fc.oneof(texts, literal(word))),
      infix(time, compared, time),
      infix(boolean, ['AND', 'OR', '=', '<>'], boolean),
      boolean.map((value) => `(NOT ${value})`),
      fc
        .tuple(fc.oneof(number, texts, boolean, time), fc.constantFrom('IS NULL', 'IS NOT NULL'))
        .map(([a, b]) => `(${a} ${b})`),
      fc
        .tuple(
          boolean,
          fc.constantFrom('IS TRUE', 'IS NOT TRUE', 'IS FALSE', 'IS NOT FALSE', 'IS UNKNOWN', 'IS NOT UNKNOWN'),
        )
        .map(([a, b]) => `(${a} ${b})`),
      fc
        .tuple(number, fc.array(numberLiteral, { minLength: 1, maxLength: 3 }), fc.constantFrom('IN', 'NOT IN'))
        .map(([a, list, not]) => `(${a} ${not} (${list.join(', ')}))`),
      fc
        .tuple(texts, fc.array(literal(word), { minLength: 1, maxLength: 3 }), fc.constantFrom('= ANY', '<> ALL'))
        .map(([a, list, any]) => `(${a} ${any} (ARRAY[${list.join(', ')}]))`),
      fc
        .tuple(number, numberLiteral, numberLiteral, fc.constantFrom('BETWEEN', 'NOT BETWEEN'))
        .map(([a, low, high, between]) => `(${a} ${between} ${low} AND ${high})`),
      infix(number, ['IS DISTINCT FROM', 'IS NOT DISTINCT FROM'], fc.oneof(number, numberLiteral)),
      infix(
        texts,
        ['LIKE', 'NOT LIKE'],
        literal(
          fc.array(fc.constantFrom('%', '_', 'a', 'é', 'x', '\\%'), { maxLength: 4 }).map((parts) => parts.join('')),
        ),
      ),
      infix(column('w'), ['ILIKE', 'NOT ILIKE'], literal(fc.constantFrom('%A%', 'b_', 'z%', ''))),
      infix(column('w', 'v'), ['~', '!~', '~*'], literal(fc.constantFrom('^a', 'b+', '[a-z]', 'a|Z', '7$', '.b'))),
      infix(json, ['@>', '<@'], json),
      infix(json, ['?'], literal(fc.constantFrom('a', 'bb', 'c', ''))),
      infix(json, ['=', '<>'], json),
      call('starts_with', texts, literal(word)),
      infix(column('u'), ['=', '<'], column('u')),
    ),
    int: fc.oneof(
      maxDepth,
      column('i2', 'i4', 'i8'),
      infix(int, ['+', '-', '*', '/', '%'], fc.oneof(int, smallInt)),
      call('abs', int),
      call('length', texts),
      call('octet_length', texts),
      call('strpos', texts, literal(word)),
      call('mod', int, smallInt),
      infix(column('d'), ['-'], column('d')),
      int.map((value) => `(- ${value})`),
      castTo(fc.oneof(number, column('n', 'f8')), 'int4', 'int8', 'int2'),
    ),
    number: fc.oneof(
      maxDepth,
      column('i2', 'i4', 'i8', 'n', 'm', 'f4', 'f8'),
      int,
      infix(number, ['+', '-', '*', '/'], fc.oneof(number, numberLiteral)),
      infix(column('n', 'm', 'i4'), ['%'], fc.oneof(column('n', 'm'), fc.constantFrom('3', '0.7'))),
      fc
        .tuple(fc.constantFrom('abs', 'ceil', 'floor', 'sign', 'round', 'trunc'), number)
        .map(([name, value]) => `${name}(${value})`),
      fc
        .tuple(fc.constantFrom('round', 'trunc'), column('n', 'm'), smallInt)
        .map(([name, value, n]) => `${name}(${value}, ${n})`),
      column('f8').map((value) => `sqrt(${value})`),
      infix(column('f8', 'i4'), ['^'], fc.constantFrom('2', '(-1)', '0', '1')),
      castTo(number, 'numeric', 'float8', 'numeric(8,1)', 'float4'),
      fc
        .tuple(fc.constantFrom('greatest', 'least'), number, fc.oneof(number, numberLiteral))
        .map(([name, a, b]) => `${name}(${a}, ${b})`),
      call('nullif', number, numberLiteral),
      caseOf(number),
      coalesce(number),
      fc
        .tuple(
          fc.constantFrom(
            'year',
            'month',
            'day',
            'hour',
            'second',
            'epoch',
            'dow',
            'isodow',
            'doy',
            'week',
            'isoyear',
            'quarter',
            'milliseconds',
          ),
          column('ts', 'tz'),
        )
        .map(([field, value]) => `extract(${field} FROM ${value})`),
      fc
        .tuple(fc.constantFrom('year', 'month', 'day', 'dow', 'epoch', 'century', 'decade'), column('d'))
        .map(([field, value]) => `extract(${field} FROM ${value})`),
      fc
        .tuple(fc.constantFrom('epoch', 'hour', 'day', 'month', 'year'), column('iv'))
        .map(([field, value]) => `extract(${field} FROM ${value})`),
    ),
    text: fc.oneof(
      maxDepth,
      column('t', 'w', 'v'),
      infix(texts, ['||'], fc.oneof(texts, literal(word), column('i4', 'n', 'b', 'd'))),
      fc.tuple(fc.constantFrom('lower', 'upper', 'initcap'), column('w')).map(([name, value]) => `${name}(${value})`),
      fc
        .tuple(fc.constantFrom('btrim', 'ltrim', 'rtrim', 'reverse', 'md5'), texts)
        .map(([name, value]) => `${name}(${value})`),
      call('trim', texts),
      fc
        .tuple(fc.constantFrom('substring', 'substr'), texts, smallInt, smallInt)
        .map(([name, value, from, count]) => `${name}(${value}, ${from}, ${count})`),
      call('substr', texts, smallInt),
      fc
        .tuple(fc.constantFrom('left', 'right', 'repeat'), texts, smallInt)
        .map(([name, value, count]) => `${name}(${value}, ${count})`),
      fc
        .tuple(fc.constantFrom('lpad', 'rpad'), texts, smallInt, literal(word))
        .map(([name, value, count, fill]) => `${name}(${value}, ${count}, ${fill})`),
      call('replace', texts, literal(word), literal(word)),
      call('split_part', texts, literal(word), fc.constantFrom('1', '2', '(-1)', '0')),
      call('translate', texts, literal(word), literal(word)),
      call('concat', fc.oneof(texts, number, boolean), texts),
      call('concat_ws', literal(word), texts, texts),
      castTo(fc.oneof(number, time, boolean, json, column('u', 'iv')), 'text', 'varchar(4)'),
      infix(json, ['->>'], literal(fc.constantFrom('a', 'bb', 'missing'))),
      infix(json, ['->>'], smallInt),
      infix(json, ['#>>'], fc.constantFrom("'{a}'", "'{b,2,c}'", "'{ccc,a,b}'", "'{3,0}'")),
      json.map((value) => `jsonb_typeof(${value})`),
      caseOf(texts),
      coalesce(texts),
    ),
    time: fc.oneof(
      maxDepth,
      column('ts', 'tz', 'd'),
      infix(column('ts', 'tz', 'd'), ['+', '-'], column('iv')),
      infix(
        column('ts', 'tz'),
        ['+', '-'],
        fc.constantFrom("interval '1 mon'", "interval '-36 hours'", "'1 day'::interval"),
      ),
      infix(column('d'), ['+', '-'], smallInt),
      fc
        .tuple(
          fc.constantFrom('year', 'quarter', 'month', 'week', 'day', 'hour', 'minute', 'second', 'decade', 'century'),
          column('ts', 'tz'),
        )
        .map(([unit, value]) => `date_trunc('${unit}', ${value})`),
      fc
        .tuple(column('ts'), fc.constantFrom("'15 minutes'", "'7 days'"))
        .map(([value, stride]) => `date_bin(${stride}, ${value}, '2001-01-01')`),
      castTo(column('ts', 'tz', 'd'), 'date', 'timestamp', 'timestamptz', 'timestamp(0)'),
      fc.constant('make_date(after.i4, 2, 3)'),
    ),
    json: fc.oneof(
      maxDepth,
      column('j'),
      infix(json, ['->'], literal(fc.constantFrom('a', 'b', 'ccc'))),
      infix(json, ['->'], smallInt),
      infix(json, ['||'], json),
      infix(json, ['-'], literal(fc.constantFrom('a', 'b'))),
      fc.oneof(number, texts, boolean, time).map((value) => `to_jsonb(${value})`),
      call('jsonb_build_object', fc.constant("'k'"), fc.oneof(number, texts, json)),
      call('jsonb_build_array', fc.oneof(number, texts, boolean), json),
    ),
    anything: fc.oneof(
      boolean,
      number,
      texts,
      time,
      json,
      infix(column('ts'), ['-'], column('ts')),
      infix(column('iv'), ['+', '-'], column('iv')),
    ),
  };
});
