import type { Node } from '@pgsql/types';
import { InvalidEscape, sqlError, Unsupported } from '../errors.ts';
import { likePattern } from '../functions/texts.ts';
import { namesOf, unwrap } from '../parse/parse-expression.ts';
import type { SqlValue } from '../values/value.ts';
import type { Compiler } from './compiler.ts';
import { BOOLEAN, type Content, type Evaluate, type Read, TEXT, type Typed } from './typed.ts';

/** What is not a plain function: it treats NULL in its own way, or does not compute all of its parts. */
export function compileConditional(compiler: Compiler, kind: string, content: Content): Typed {
  switch (kind) {
    case 'BoolExpr':
      return booleans(compiler, content);
    case 'NullTest':
      return nullTest(compiler, content);
    case 'BooleanTest':
      return booleanTest(compiler, content);
    case 'CaseExpr':
      return caseOf(compiler, content);
    case 'CoalesceExpr':
      return coalesce(compiler, content);
    case 'MinMaxExpr':
      return extreme(compiler, content);
    default:
      return operator(compiler, content);
  }
}

const typed = (location: number | undefined, evaluate: Evaluate): Typed => ({ type: BOOLEAN, evaluate, location });

/** Three-valued logic. */
function booleans(compiler: Compiler, { boolop, args, location }: Content): Typed {
  const name = (boolop as string).replace('_EXPR', '');
  const parts = (args as readonly Node[]).map((arg) => compiler.condition(arg, name).evaluate);
  if (name === 'NOT') {
    const [part] = parts;
    return typed(location, (read) => {
      const value = part!(read);
      return value === null ? null : !value;
    });
  }
  // AND is decided by false, OR by true.
  const decisive = name === 'OR';
  return typed(location, (read) => {
    let result: SqlValue = !decisive;
    for (const part of parts) {
      const value = part(read);
      if (value === decisive) return decisive;
      if (value === null) result = null;
    }
    return result;
  });
}

function nullTest(compiler: Compiler, { arg, nulltesttype, location }: Content): Typed {
  const { evaluate } = compiler.compile(arg as Node);
  const isNull = nulltesttype === 'IS_NULL';
  return typed(location, (read) => (evaluate(read) === null) === isNull);
}

function booleanTest(compiler: Compiler, { arg, booltesttype, location }: Content): Typed {
  const { evaluate } = compiler.condition(arg as Node, 'IS TRUE');
  const isNegated = (booltesttype as string).startsWith('IS_NOT');
  const wanted =
    { TRUE: true, FALSE: false }[(booltesttype as string).replace(/^IS_(NOT_)?/, '') as 'TRUE' | 'FALSE'] ?? null;
  return typed(location, (read) => (evaluate(read) === wanted) !== isNegated);
}

function caseOf(compiler: Compiler, { arg, args, defresult, location }: Content): Typed {
  const whens = (args as readonly { readonly CaseWhen: { readonly expr: Node; readonly result: Node } }[]).map(
    (each) => each.CaseWhen,
  );
  const subject = arg === undefined ? undefined : compiler.compile(arg as Node);
  const conditions = whens.map(({ expr }) =>
    subject === undefined
      ? compiler.condition(expr, 'CASE/WHEN')
      : compiler.apply('=', [subject, compiler.compile(expr)], location),
  );
  const fallback: Typed =
    defresult === undefined
      ? { type: { name: 'unknown' }, evaluate: () => null, location, literal: { text: null } }
      : compiler.compile(defresult as Node);
  const results = [...whens.map(({ result }) => compiler.compile(result)), fallback];
  const { type, values } = compiler.common(results, 'CASE');
  return {
    type,
    location,
    evaluate: (read) => {
      const at = conditions.findIndex((condition) => condition.evaluate(read) === true);
      return values[at < 0 ? conditions.length : at]!.evaluate(read);
    },
  };
}

function coalesce(compiler: Compiler, { args, location }: Content): Typed {
  const { type, values } = compiler.common(
    (args as readonly Node[]).map((arg) => compiler.compile(arg)),
    'COALESCE',
  );
  return {
    type,
    location,
    evaluate: (read) => {
      for (const { evaluate } of values) {
        const value = evaluate(read);
        if (value !== null) return value;
      }
      return null;
    },
  };
}

/** NULLs are left out. */
function extreme(compiler: Compiler, { op, args, location }: Content): Typed {
  const isGreatest = op === 'IS_GREATEST';
  const name = isGreatest ? 'GREATEST' : 'LEAST';
  const { type, values } = compiler.common(
    (args as readonly Node[]).map((arg) => compiler.compile(arg)),
    name,
  );
  const better = compare(compiler, isGreatest ? '>' : '<', type, location);
  return {
    type,
    location,
    evaluate: (read) => {
      let result: SqlValue = null;
      for (const { evaluate } of values) {
        const value = evaluate(read);
        if (value !== null && (result === null || better(value, result))) result = value;
      }
      return result;
    },
  };
}

/** An operator over two values of a type, as a function. */
function compare(compiler: Compiler, name: string, type: Typed['type'], location: number | undefined) {
  const slot = (index: number): Typed => ({ type, evaluate: (read) => read(index), location });
  const { evaluate } = compiler.apply(name, [slot(0), slot(1)], location);
  return (a: SqlValue, b: SqlValue): boolean => evaluate((index) => (index === 0 ? a : b)) === true;
}

function operator(compiler: Compiler, content: Content): Typed {
  const { kind, location } = content;
  const [name] = namesOf(content.name as readonly Node[]).slice(-1) as [string];
  switch (kind) {
    case 'AEXPR_OP': {
      const args = [content.lexpr, content.rexpr].filter((arg) => arg !== undefined) as readonly Node[];
      return plainOperator(
        compiler,
        name === '!=' ? '<>' : name,
        args.map((arg) => compiler.compile(arg)),
        location,
      );
    }
    case 'AEXPR_IN':
      return membership(
        compiler,
        content,
        (content.rexpr as { List: { items: readonly Node[] } }).List.items,
        name === '<>',
      );
    case 'AEXPR_OP_ANY':
    case 'AEXPR_OP_ALL':
      return anyOf(compiler, content, name);
    case 'AEXPR_BETWEEN':
    case 'AEXPR_NOT_BETWEEN':
      return between(compiler, content);
    case 'AEXPR_DISTINCT':
    case 'AEXPR_NOT_DISTINCT':
      return distinct(compiler, content);
    case 'AEXPR_NULLIF':
      return nullIf(compiler, content);
    case 'AEXPR_LIKE':
    case 'AEXPR_ILIKE':
      return like(compiler, content, name);
    default:
      throw compiler.source.error(
        Unsupported,
        `${String(content.name?.[0]?.String?.sval ?? kind)} is not supported here`,
        'docs/expressions.md lists what there is.',
        location,
      );
  }
}

/** `||` also takes a text and anything. */
function plainOperator(compiler: Compiler, name: string, args: readonly Typed[], location: number | undefined): Typed {
  const isString = ({ type, literal }: Typed): boolean =>
    literal !== undefined || ['text', 'varchar', 'bpchar'].includes(type.name);
  const [left, right] = args;
  const isText = name === '||' && right !== undefined && isString(left!) !== isString(right);
  const other = isText ? (isString(left!) ? right : left!) : undefined;
  if (other === undefined || other.type.name === 'jsonb') return compiler.apply(name, args, location);
  return compiler.apply(
    name,
    args.map((arg) => (arg === other ? compiler.as(arg, TEXT, 'explicit') : arg)),
    location,
  );
}

function membership(
  compiler: Compiler,
  { lexpr, location }: Content,
  items: readonly Node[],
  isNegated: boolean,
): Typed {
  const { type, values } = compiler.common(
    [lexpr as Node, ...items].map((node) => compiler.compile(node)),
    'IN',
  );
  const [subject, ...members] = values as [Typed, ...Typed[]];
  const equals = compare(compiler, '=', type, location);
  return typed(location, (read) => {
    const value = subject.evaluate(read);
    let hasNull = value === null;
    for (const member of members) {
      const other = member.evaluate(read);
      if (other === null) hasNull = true;
      else if (value !== null && equals(value, other)) return !isNegated;
    }
    return hasNull ? null : isNegated;
  });
}

function anyOf(compiler: Compiler, content: Content, name: string): Typed {
  const [kind, array] = unwrap(content.rexpr as Node) as readonly [string, Content];
  const isAny = content.kind === 'AEXPR_OP_ANY';
  if (kind !== 'A_ArrayExpr' || name !== (isAny ? '=' : '<>')) {
    throw compiler.source.error(
      Unsupported,
      `${name} ${isAny ? 'ANY' : 'ALL'} is supported with a written array only`,
      'Use = ANY(ARRAY[…]), <> ALL(ARRAY[…]) or IN (…).',
      content.location,
    );
  }
  return membership(compiler, content, (array.elements ?? []) as readonly Node[], !isAny);
}

function between(compiler: Compiler, { kind, lexpr, rexpr, location }: Content): Typed {
  const [low, high] = (rexpr as { List: { items: readonly Node[] } }).List.items;
  const subject = compiler.compile(lexpr as Node);
  const isNegated = kind === 'AEXPR_NOT_BETWEEN';
  const above = compiler.apply(isNegated ? '<' : '>=', [subject, compiler.compile(low!)], location).evaluate;
  const below = compiler.apply(isNegated ? '>' : '<=', [subject, compiler.compile(high!)], location).evaluate;
  const decisive = isNegated;
  return typed(location, (read) => {
    const first = above(read);
    if (first === decisive) return decisive;
    const second = below(read);
    if (second === decisive) return decisive;
    return first === null || second === null ? null : !decisive;
  });
}

function distinct(compiler: Compiler, { kind, lexpr, rexpr, location }: Content): Typed {
  const args = [compiler.compile(lexpr as Node), compiler.compile(rexpr as Node)] as const;
  const { evaluate } = compiler.apply('=', args, location);
  const isDistinct = kind === 'AEXPR_DISTINCT';
  return typed(location, (read) => {
    const nulls = args.filter((arg) => arg.evaluate(read) === null).length;
    return (nulls === 0 ? evaluate(read) !== true : nulls === 1) === isDistinct;
  });
}

function nullIf(compiler: Compiler, { lexpr, rexpr, location }: Content): Typed {
  const left = compiler.compile(lexpr as Node);
  const equals = compiler.apply('=', [left, compiler.compile(rexpr as Node)], location).evaluate;
  const value = left.literal === undefined ? left : compiler.as(left, TEXT, 'implicit');
  return { ...value, location, evaluate: (read) => (equals(read) === true ? null : value.evaluate(read)) };
}

/** With `ESCAPE` the parser wraps the pattern in a call. */
function like(compiler: Compiler, { lexpr, rexpr, location }: Content, name: string): Typed {
  const subject = compiler.compile(lexpr as Node);
  const [kind, content] = unwrap(rexpr as Node) as readonly [string, Content];
  const isEscaped = kind === 'FuncCall' && namesOf(content.funcname as readonly Node[]).at(-1) === 'like_escape';
  if (!isEscaped) return compiler.apply(name, [subject, compiler.compile(rexpr as Node)], location);
  const [pattern, escapeSign] = (content.args as readonly Node[]).map((arg) =>
    compiler.as(compiler.compile(arg), TEXT, 'implicit'),
  );
  const text = compiler.as(subject, TEXT, 'implicit');
  const isNegated = name.startsWith('!');
  const isCaseless = name.endsWith('*');
  const values = (read: Read) =>
    [text, pattern!, escapeSign!].map(({ evaluate }) => evaluate(read)) as (string | null)[];
  return typed(location, (read) => {
    const [value, given, sign] = values(read);
    if (value == null || given == null || sign == null) return null;
    if (Array.from(sign).length > 1)
      throw sqlError(InvalidEscape, 'invalid escape string', 'Give one character, or an empty text for none.');
    return likePattern(given, sign, isCaseless).test(value) !== isNegated;
  });
}
