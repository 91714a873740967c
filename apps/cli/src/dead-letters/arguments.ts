import { errorCode, MillraceError } from '@millrace/kernel';
import type { ApiOptions } from '../access/api-options.ts';

export const BadArgument = errorCode('cli.bad_argument', { domain: 'user', retry: 'never', title: 'A bad argument' });

export interface Options extends ApiOptions {
  readonly state?: string;
  readonly reason?: string;
  readonly stage?: string;
  readonly table?: string;
  readonly key: readonly string[];
  readonly limit: string;
  readonly oldestFirst?: true;
  readonly all?: true;
  readonly withKey?: true;
  readonly rate?: string;
  readonly because?: string;
  readonly op?: string;
  readonly set: readonly string[];
  readonly setNull: readonly string[];
  readonly dryRun?: true;
  readonly curl?: true;
  readonly json?: true;
}

export const bad = (message: string, mend: string): MillraceError => new MillraceError(BadArgument, { message, mend });

/** `column=value`; the value may hold more equals signs, or be empty. */
function pairs(texts: readonly string[], option: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) throw bad(`${option} "${text}" names no column with a value`, `Write ${option} column=value.`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

const filterOf = ({ reason, stage, table, key }: Options): Readonly<Record<string, unknown>> => ({
  ...(reason === undefined ? {} : { reason }),
  ...(stage === undefined ? {} : { stage }),
  ...(table === undefined ? {} : { table }),
  ...(key.length === 0 ? {} : { key: pairs(key, '--key') }),
});

/** The filter as a query, with a question mark before it when there is one. */
export function filterQuery(options: Options, more: Readonly<Record<string, string>> = {}): string {
  const { key, ...filter } = filterOf(options);
  const query = new URLSearchParams({ ...(filter as Record<string, string>), ...more });
  if (options.state !== undefined) query.set('state', options.state);
  if (key !== undefined) query.set('key', JSON.stringify(key));
  return query.size === 0 ? '' : `?${query.toString()}`;
}

/** Which letters a request is about: those named, else those the filter finds; all only when that is said. */
export function selectionOf(
  action: string,
  ids: readonly string[],
  options: Options,
): Readonly<Record<string, unknown>> {
  const filter = filterOf(options);
  const hasFilter = Object.keys(filter).length > 0;
  if (ids.length > 0) {
    if (hasFilter || options.all) throw bad(`${action} has both letters and a filter`, 'Give either of them.');
    return { ids };
  }
  if (options.state !== undefined)
    throw bad(`${action} takes no --state`, 'It is about open letters (cancel-replay: replaying ones) anyway.');
  if (hasFilter || options.all) return { filter };
  throw bad(
    `${action} needs to know which letters`,
    'Name them (copy.17), filter with --reason, --stage, --table or --key, or say --all.',
  );
}

export function rateOf({ rate }: Options): Readonly<Record<string, unknown>> {
  if (rate === undefined) return {};
  if (!/^[1-9]\d{0,6}$/.test(rate)) throw bad(`--rate ${rate} is no rate`, 'Write letters a second, from 1 on.');
  return { rate: Number(rate) };
}

/** The body of an edit. */
export function editOf({ set, setNull, op }: Options): Readonly<Record<string, unknown>> {
  const after = { ...pairs(set, '--set'), ...Object.fromEntries(setNull.map((column) => [column, null])) };
  const hasColumns = Object.keys(after).length > 0;
  if (!hasColumns && op === undefined)
    throw bad('there is nothing to edit', 'Give --set column=value, --set-null column, or --op d.');
  return { ...(op === undefined ? {} : { op }), ...(hasColumns ? { after } : {}) };
}
