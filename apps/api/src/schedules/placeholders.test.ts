import { describe, expect, it } from '@jest/globals';
import { withTick } from './placeholders.ts';

// 00:30 in Berlin, on the day after the one of UTC.
const time = {
  tick: new Date('2026-12-31T23:30:00Z'),
  previous: new Date('2026-12-30T23:30:00Z'),
  timeZone: 'Europe/Berlin',
};

const valuesOf = (parameters: Record<string, string>): unknown => {
  const { document, issues } = withTick({ stages: { rows: { source: 'shop', parameters } } }, time);
  expect(issues).toEqual([]);
  return (document as { stages: { rows: { parameters: unknown } } }).stages.rows.parameters;
};

describe('placeholders', () => {
  it('stand for the tick, dates in the time zone of the schedule', () => {
    expect(
      valuesOf({
        at: '{{tick}}',
        before: '{{ tick.previous }}',
        day: '{{tick.date}}',
        yesterday: '{{tick.date-1}}',
        week: '{{tick.date + 7}}',
        month: '{{tick.month}}',
        last: '{{tick.month-1}}',
      }),
    ).toEqual({
      at: '2026-12-31T23:30:00.000Z',
      before: '2026-12-30T23:30:00.000Z',
      day: '2027-01-01',
      yesterday: '2026-12-31',
      week: '2027-01-08',
      month: '2027-01',
      last: '2026-12',
    });
  });

  it('are replaced in paths and in options of modules, and nowhere else', () => {
    const template = {
      stages: { lake: { sink: 'lake', path: 'day={{tick.date-1}}/{table}', format: 'csv' } },
      options: { day: ['{{tick.date}}'] },
    };
    const { document, issues } = withTick(template, time);
    expect(issues).toEqual([]);
    expect(document).toEqual({
      stages: { lake: { sink: 'lake', path: 'day=2026-12-31/{table}', format: 'csv' } },
      options: { day: ['2027-01-01'] },
    });
  });

  it('never become code', () => {
    const template = {
      stages: {
        rows: { source: 'shop', query: "select * from t where day = '{{tick.date}}'", parameters: { day: '{{day}}' } },
        some: { input: 'rows', filter: "day = '{{ tick.date }}'" },
        path: { input: 'some', select: { path: "'{{tick}}'" } },
      },
    };
    const { document, issues } = withTick(template, time);
    expect(document).toEqual(template);
    expect(issues.map(({ code, pointer }) => `${code} ${pointer}`)).toEqual([
      'schedule.misplaced_placeholder /template/stages/rows/query',
      'schedule.unknown_placeholder /template/stages/rows/parameters/day',
      'schedule.misplaced_placeholder /template/stages/some/filter',
      'schedule.misplaced_placeholder /template/stages/path/select/path',
    ]);
  });
});
