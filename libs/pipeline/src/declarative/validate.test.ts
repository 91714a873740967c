import { describe, expect, it } from '@jest/globals';
import { MillraceError } from '@millrace/kernel';
import type { InputIssue } from './input-issue.ts';
import { parsePipeline } from './validate.ts';

const orders = { source: 'shop', tables: ['public.orders'] };
const pipeline = (stages: Record<string, unknown>, rest: object = {}) => ({ name: 'job', stages, ...rest });

function issuesOf(document: unknown): readonly InputIssue[] {
  try {
    parsePipeline(document);
  } catch (error) {
    expect(error).toBeInstanceOf(MillraceError);
    expect((error as MillraceError).code.code).toBe('pipeline.invalid');
    return (error as MillraceError).details.errors as readonly InputIssue[];
  }
  throw new Error('the document was taken');
}

describe('parsePipeline', () => {
  it('gives typed stages, each after its inputs, and fills in defaults', () => {
    const parsed = parsePipeline(
      pipeline({
        warehouse: { input: ['slim'], sink: 'wh', mode: 'upsert' },
        slim: { input: 'orders', select: { Key: 'after.id', total: 'after."Total €"', plain: 'Amount' } },
        orders,
      }),
    );
    expect(parsed.stages).toEqual([
      { name: 'orders', kind: 'source', inputs: [], source: 'shop', options: { tables: ['public.orders'] } },
      {
        name: 'slim',
        kind: 'select',
        inputs: ['orders'],
        spec: { input: 'orders', select: { Key: 'after.id', total: 'after."Total €"', plain: 'Amount' } },
      },
      { name: 'warehouse', kind: 'sink', inputs: ['slim'], sink: 'wh', options: { mode: 'upsert' } },
    ]);
    expect(parsed).toMatchObject({ name: 'job', guarantee: 'exactly-once', snapshotIntervalMs: 1_000 });
    expect(parsed.document).toMatchObject({ snapshotInterval: '1s' });
  });

  it('takes onError of a source, without what it cannot hold there', () => {
    const reading = (onError: unknown) =>
      pipeline({ orders: { ...orders, onError }, out: { input: 'orders', sink: 'wh' } });
    const [source] = parsePipeline(reading('dead-letter')).stages;
    expect(source).toMatchObject({ kind: 'source', onError: 'dead-letter', options: { tables: ['public.orders'] } });
    expect(issuesOf(reading({ action: 'skip', parkKeys: true }))[0]).toMatchObject({
      pointer: '/stages/orders/onError/parkKeys',
    });
  });

  it('keeps the names of what a join sets aside apart from stages', () => {
    const joined = (name: string, onError: string, more: object = {}) =>
      pipeline({
        orders,
        [name]: {
          input: 'orders',
          join: { with: 'others', on: { id: 'id' }, key: ['id'], window: { tumbling: '1m' } },
          select: { id: 'orders.id' },
          onError,
        },
        others: orders,
        out: { input: name, sink: 'wh' },
        ...more,
      });
    const right = { 'both-right': { input: 'orders', sink: 'wh' } };
    expect(parsePipeline(joined('both', 'skip')).stages).toHaveLength(4);
    expect(parsePipeline(joined('both', 'fail', right)).stages).toHaveLength(5);
    for (const given of [joined('both', 'dead-letter', right), joined('b'.repeat(58), 'dead-letter')]) {
      expect(issuesOf(given)[0]).toMatchObject({ code: 'pipeline.letter_name_taken', mend: expect.any(String) });
    }
  });

  it('reports everything at once, each with its place and its repair', () => {
    const issues = issuesOf(
      pipeline({
        orders,
        both: { source: 'a', sink: 'b', input: 'orders' },
        none: { input: 'orders', fliter: 'x' },
        slim: { input: 'ordrs', select: { a: 'lower(after.a)' }, extra: 1 },
        bad: { input: 'orders', select: { a: 'lower(after.a' } },
        wh: { input: ['orders', 'orders', 'oders'], sink: 'wh' },
      }),
    );
    expect(issues.map(({ code, pointer }) => `${code} ${pointer}`)).toEqual([
      'pipeline.stage_kind /stages/both',
      'pipeline.stage_kind /stages/none',
      'input.unknown_field /stages/slim/extra',
      'sql.syntax /stages/bad/select/a',
      'pipeline.repeated_input /stages/wh/input/1',
      'pipeline.unknown_input /stages/wh/input/2',
    ]);
    for (const { message, mend } of issues) {
      expect(message.length).toBeGreaterThan(5);
      expect(mend.length).toBeGreaterThan(5);
    }
  });

  it.each([
    [
      'an unknown field',
      { ...pipeline({ orders }), garantee: 'none' },
      'input.unknown_field',
      '/garantee',
      /Did you mean "guarantee"/,
    ],
    ['a wrong type', pipeline({ orders: 5 }), 'input.wrong_type', '/stages/orders', /an object/],
    ['a missing name', { stages: { orders } }, 'input.missing_field', '/name', /Add it/],
    ['not an object', 'hello', 'input.wrong_type', '', /Give an object/],
    [
      'an unknown guarantee',
      pipeline({ orders }, { guarantee: 'twice' }),
      'input.wrong_value',
      '/guarantee',
      /exactly-once/,
    ],
    [
      'a bad interval',
      pipeline({ orders }, { snapshotInterval: 'soon' }),
      'input.wrong_value',
      '/snapshotInterval',
      /500ms/,
    ],
    ['a bad stage name', pipeline({ '1 x': orders }), 'input.wrong_value', '/stages/1 x', /letters/],
    ['no stages', pipeline({}), 'input.wrong_value', '/stages', /at least one stage/],
    [
      'a wrong input type',
      pipeline({ orders, wh: { input: 7, sink: 'wh' } }),
      'input.wrong_type',
      '/stages/wh/input',
      /a string or an array/,
    ],
    ['a missing input', pipeline({ orders, wh: { sink: 'wh' } }), 'input.missing_field', '/stages/wh/input', /Add it/],
    [
      'an unknown input',
      pipeline({ orders, wh: { input: 'order', sink: 'wh' } }),
      'pipeline.unknown_input',
      '/stages/wh/input',
      /Did you mean "orders"/,
    ],
    [
      'a sink as input',
      pipeline({ orders, a: { input: 'orders', sink: 'x' }, b: { input: 'a', sink: 'x' } }),
      'pipeline.input_is_sink',
      '/stages/b/input',
      /"orders"/,
    ],
    [
      'an unused stage',
      pipeline({ orders, more: orders, wh: { input: 'orders', sink: 'wh' } }),
      'pipeline.unused_stage',
      '/stages/more',
      /Remove it/,
    ],
    ['no sink', pipeline({ orders }), 'pipeline.incomplete', '/stages', /Add a stage/],
  ])('refuses %s', (_, document, code, pointer, mend) => {
    const [issue] = issuesOf(document);
    expect(issue).toMatchObject({ code, pointer, mend: expect.stringMatching(mend) });
  });

  it('refuses circles', () => {
    const select = { a: 'after.a' };
    const issues = issuesOf(
      pipeline({
        orders,
        a: { input: 'b', select },
        b: { input: 'a', select },
        wh: { input: 'a', sink: 'wh' },
        other: { input: 'orders', sink: 'wh' },
      }),
    );
    expect(issues).toEqual([
      expect.objectContaining({ code: 'pipeline.cycle', message: expect.stringContaining('"a", "b"') }),
    ]);
    expect(
      issuesOf(pipeline({ a: { input: 'a', select }, wh: { input: 'a', sink: 'wh' } })).map(({ code }) => code),
    ).toEqual(['pipeline.incomplete', 'pipeline.cycle']);
  });

  it('refuses a sink with several inputs: one position cannot stand for two streams', () => {
    const issues = issuesOf(pipeline({ orders, others: orders, wh: { input: ['orders', 'others'], sink: 'wh' } }));
    expect(issues).toEqual([
      expect.objectContaining({
        code: 'pipeline.several_inputs',
        pointer: '/stages/wh/input',
        mend: expect.stringContaining('of its own'),
      }),
    ]);
  });

  it('refuses too many stages and never repeats a long name in full', () => {
    const many = Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`s${index}`, orders]));
    expect(issuesOf(pipeline(many))[0]).toMatchObject({ code: 'pipeline.too_many_stages' });
    expect(issuesOf({ ...pipeline({ orders }), [`k${'x'.repeat(5_000)}`]: 1 })[0]!.message.length).toBeLessThan(200);
  });

  it('is not fooled by names of Object.prototype', () => {
    expect(issuesOf(pipeline({ orders, wh: { input: 'constructor', sink: 'wh' } }))[0]).toMatchObject({
      code: 'pipeline.unknown_input',
    });
    expect(
      parsePipeline(pipeline({ constructor: orders, wh: { input: 'constructor', sink: 'wh' } })).stages,
    ).toHaveLength(2);
  });
});
