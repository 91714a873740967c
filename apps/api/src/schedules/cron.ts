import type { InputIssue } from '@millrace/pipeline';
import { Cron } from 'croner';

const FIELDS = [
  { name: 'minute', mend: '0 to 59' },
  { name: 'hour', mend: '0 to 23' },
  { name: 'day of month', mend: '1 to 31, L (the last), 15W (the weekday next to the 15th)' },
  { name: 'month', mend: '1 to 12, or JAN to DEC' },
  {
    name: 'day of week',
    mend: '0 to 7 (0 and 7 are Sunday), or SUN to SAT, 1#2 (the second Monday), 5L (the last Friday)',
  },
] as const;
const TIME_ZONE = /^[A-Za-z][\w+/-]{0,62}$/;

export const CRON_LENGTH_MAX = 200;

/** The ticks of a pattern of five fields in a time zone. */
export class CronPattern {
  readonly #cron: Cron;

  /** @param text, timeZone without issues in `cronIssues` */
  constructor(text: string, timeZone: string) {
    this.#cron = new Cron(text, { timezone: timeZone, mode: '5-part', paused: true });
  }

  /** The first tick behind a time; `null`: it never comes. */
  next(after: Date): Date | null {
    return this.#cron.nextRun(after);
  }

  /** The last tick before a time. */
  before(time: Date): Date | undefined {
    return this.#cron.previousRuns(1, time)[0];
  }

  upcoming(count: number, after: Date): readonly Date[] {
    return this.#cron.nextRuns(count, after);
  }
}

/** What is wrong with a pattern and a time zone, each field by itself. */
export function cronIssues(text: string, timeZone: string, now: Date): readonly InputIssue[] {
  const issues: InputIssue[] = [];
  const add = (pointer: string, message: string, mend: string): void =>
    void issues.push({
      code: pointer === '/cron' ? 'schedule.bad_cron' : 'schedule.bad_time_zone',
      message,
      mend,
      pointer,
    });
  if (!isTimeZone(timeZone))
    add(
      '/timeZone',
      `${JSON.stringify(timeZone)} is no time zone`,
      'Take a name of the IANA database, such as Europe/Berlin or UTC.',
    );
  const fields = [...text.matchAll(/\S+/g)];
  if (fields.length !== FIELDS.length) {
    add(
      '/cron',
      `a pattern has five fields, and there are ${fields.length} in ${JSON.stringify(text)}`,
      'Write minute, hour, day of month, month, day of week: "0 2 * * 1-5" is two o\'clock on working days.',
    );
    return issues;
  }
  for (const [at, { 0: field, index }] of fields.entries()) {
    const why = refusalOf(field, at);
    if (why === undefined) continue;
    const { name, mend } = FIELDS[at]!;
    add(
      '/cron',
      `field ${at + 1} (${name}), "${field}" at character ${index + 1}: ${why}`,
      `It takes ${mend}; * for all, a-b, a,b, and /n for every nth.`,
    );
  }
  if (issues.length === 0 && new CronPattern(text, timeZone).next(now) === null)
    add('/cron', `${JSON.stringify(text)} never comes`, 'Look at day and month: there is no such date.');
  return issues;
}

/** What the library says of one field alone. */
function refusalOf(field: string, at: number): string | undefined {
  try {
    new Cron(FIELDS.map((_, index) => (index === at ? field : '*')).join(' '), { mode: '5-part', paused: true });
    return undefined;
  } catch (error) {
    return (error as Error).message.replace(/^CronPattern: /, '');
  }
}

function isTimeZone(name: string): boolean {
  try {
    return TIME_ZONE.test(name) && new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
