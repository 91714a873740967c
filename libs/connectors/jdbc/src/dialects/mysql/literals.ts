import { utcTimestamp } from '../../target/times.ts';
import { Refusal } from '../../upsert/refusal.ts';
import type { PlanColumn } from '../../upsert/table-plan.ts';
import { baseType, isText } from './column-types.ts';
import { quoteText } from './quote.ts';

/** Turns PostgreSQL's text of a value into an SQL constant. @throws Refusal for what the column would change silently. */
export type Literal = (text: string) => string;

const INTEGER = /^-?\d+$/;
const NUMBER = /^-?\d+(?:\.(\d+))?$/;
const FLOAT = /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/;
const DATE = /^\d{4}-\d\d-\d\d$/;
/** MySQL's go from -838 to 838 hours. */
const TIME = /^-?\d{2,3}:\d\d:\d\d(?:\.(\d{1,6}))?$/;

/** The constants of one column, by its kind and the type it has in the target. */
export function literalOf(column: PlanColumn): Literal {
  const { kind, type } = column;
  const refuse = (why: string): never => {
    throw new Refusal(`column "${column.name}" is ${type.split(' ', 1)[0]}, which cannot hold ${why}`);
  };
  if (kind === 'bytea') return (text) => bytes(text) ?? refuse('bytes that are not written in hex');
  if (isText(type)) return textOf(type, refuse);
  switch (kind) {
    case 'integer':
    case 'bigint':
      return (text) => (INTEGER.test(text) ? text : refuse('this text'));
    case 'boolean':
      return (text) => (text === 't' ? '1' : text === 'f' ? '0' : refuse('this text'));
    case 'exact': {
      const scale = Number(/,(\d+)\)/.exec(type)?.[1] ?? 0);
      return (text) => {
        const match = NUMBER.exec(text);
        if (match === null) return refuse('NaN and infinity');
        if (fractionDigits(match[1]) > scale) refuse(`more than ${scale} digits after the point`);
        return quoteText(text);
      };
    }
    case 'float':
      return (text) => (FLOAT.test(text) ? quoteText(text) : refuse('NaN and infinity'));
    case 'date':
      return (text) => (DATE.test(text) ? quoteText(text) : refuse('infinity and years outside 1 to 9999'));
    case 'timestamp':
    case 'timestamptz':
      return timesOf(type, utcTimestamp, refuse);
    case 'time':
      return timesOf(type, (text) => (TIME.test(text) ? text : undefined), refuse);
    default:
      return textOf(type, refuse);
  }
}

/** A row of constants: those given, then the values. @throws Refusal */
export function rowSql(
  head: readonly string[],
  texts: readonly (string | null)[],
  literals: readonly Literal[],
): string {
  let sql = `(${head.join(',')}`;
  for (let index = 0; index < texts.length; index++) {
    const text = texts[index]!;
    sql += text === null ? ',null' : `,${literals[index]!(text)}`;
  }
  return `${sql})`;
}

const fractionDigits = (digits = ''): number => digits.replace(/0+$/, '').length;

/** MySQL rounds what a type with fewer digits can't hold. */
function timesOf(type: string, read: (text: string) => string | undefined, refuse: (why: string) => never): Literal {
  const precision = Number(/\((\d)\)/.exec(type)?.[1] ?? 0);
  return (text) => {
    const time = read(text);
    if (time === undefined) return refuse('infinity and years outside 1 to 9999');
    if (fractionDigits(time.split('.')[1]) > precision) return refuse(`more than ${precision} digits of a second`);
    return quoteText(time);
  };
}

/** Trailing spaces are cut off: by CHAR always, by VARCHAR where they go beyond its width, each without an error. */
function textOf(type: string, refuse: (why: string) => never): Literal {
  const base = baseType(type);
  if (base !== 'char' && base !== 'varchar') return quoteText;
  const width = base === 'char' ? 0 : Number(/\((\d+)\)/.exec(type)?.[1] ?? 0);
  return (text) => {
    if (text.endsWith(' ') && characters(text) > width) refuse('the spaces at the end of this text');
    return quoteText(text);
  };
}

/** As MySQL counts them: a surrogate pair is one. */
const characters = (text: string): number => text.replace(/[\uD800-\uDBFF]/g, '').length;

function bytes(text: string): string | undefined {
  return text.startsWith('\\x') ? `x'${text.slice(2)}'` : undefined;
}
