import { nearNames } from '@millrace/kernel';
import type { Node } from '@pgsql/types';
import {
  AmbiguousCall,
  CannotCast,
  GroupingError,
  TypeMismatch,
  UnknownColumn,
  UnknownFunction,
  UnknownType,
  Unsupported,
} from '../errors.ts';
import { FLOAT_ONLY, functionNames, signaturesOf, VOLATILE } from '../functions/catalog.ts';
import type { Signature } from '../functions/signature.ts';
import { namesOf, type SourceText, unwrap } from '../parse/parse-expression.ts';
import { categoryOf, KNOWN_TYPES, parseSqlType, type SqlType, sqlTypeText } from '../types/sql-type.ts';
import { parseNumeric } from '../values/numeric.ts';
import type { SqlValue } from '../values/value.ts';
import { type CastContext, castBetween } from './casts.ts';
import { compileConditional } from './conditionals.ts';
import { commonType, resolve } from './resolve.ts';
import type { Scope } from './scope.ts';
import { compileSpecial } from './special-functions.ts';
import { BOOLEAN, type Content, type Read, TEXT, type Typed } from './typed.ts';

const UNKNOWN: SqlType = { name: 'unknown' };

/** What aggregates add to a compiler: they take calls and names before the compiler does. */
export interface CallHook {
  call(name: string, content: Content, compiler: Compiler): Typed | undefined;
  /** A sub-expression that has a value of its own (a grouping column). */
  known(node: Node): Typed | undefined;
  /** A name outside of aggregates. */
  column(name: string, location: number | undefined): void;
}

/** Checks a parse tree against a scope and composes the functions that compute it. */
export class Compiler {
  readonly source: SourceText;
  readonly scope: Scope;
  readonly slots = new Set<number>();
  readonly #hook: CallHook | undefined;

  constructor(source: SourceText, scope: Scope, hook?: CallHook) {
    this.source = source;
    this.scope = scope;
    this.#hook = hook;
  }

  compile(node: Node): Typed {
    const known = this.#hook?.known(node);
    if (known !== undefined) return known;
    const [kind, content] = unwrap(node) as readonly [string, Content];
    switch (kind) {
      case 'A_Const':
        return this.#constant(content);
      case 'ColumnRef':
        return this.#column(content);
      case 'TypeCast':
        return this.#typeCast(content);
      case 'A_Expr':
      case 'BoolExpr':
      case 'NullTest':
      case 'BooleanTest':
      case 'CaseExpr':
      case 'CoalesceExpr':
      case 'MinMaxExpr':
        return compileConditional(this, kind, content);
      case 'FuncCall':
        return this.#call(content);
      case 'CollateClause':
        return this.#collate(content);
      default:
        throw this.#unsupported(kind, content);
    }
  }

  /** A value as another type, the way the place it stands in wants it; a literal becomes of that type. */
  as(given: Typed, type: SqlType, context: CastContext | 'implicit'): Typed {
    if (given.literal !== undefined) return this.#literalAs(given, type);
    if (given.type.name === type.name && type.modifier === undefined) return given;
    const convert = castBetween(given.type, type, context === 'implicit' ? 'assignment' : context);
    if (convert === undefined) {
      throw this.source.error(
        CannotCast,
        `cannot cast type ${sqlTypeText(given.type)} to ${sqlTypeText(type)}`,
        'Compute a value of the type another way, for example by way of text.',
        given.location,
      );
    }
    const { evaluate } = given;
    return { ...given, type, evaluate: (read) => convert(evaluate(read)) };
  }

  /** A condition. @throws MillraceError `sql.type_mismatch` */
  condition(node: Node, where: string): Typed {
    const given = this.compile(node);
    if (given.literal !== undefined || given.type.name === 'boolean') return this.as(given, BOOLEAN, 'implicit');
    throw this.source.error(
      TypeMismatch,
      `argument of ${where} must be type boolean, not type ${sqlTypeText(given.type)}`,
      'Write a comparison: after.total > 10.',
      given.location,
    );
  }

  /** Brings values to one type. */
  common(values: readonly Typed[], where: string): { readonly type: SqlType; readonly values: readonly Typed[] } {
    const name = commonType(values.map(({ type }) => type.name));
    if (name === undefined) {
      const [first, ...rest] = values.filter(({ literal }) => literal === undefined);
      const other = rest.find(({ type }) => categoryOf(type.name) !== categoryOf(first!.type.name)) ?? rest[0]!;
      throw this.source.error(
        TypeMismatch,
        `${where} types ${sqlTypeText(first!.type)} and ${sqlTypeText(other.type)} cannot be matched`,
        'Cast one of them: after.total::text.',
        other.location,
      );
    }
    const type: SqlType = { name };
    return { type, values: values.map((value) => this.as(value, type, 'implicit')) };
  }

  /** A function or operator over compiled arguments. */
  apply(name: string, args: readonly Typed[], location: number | undefined, isOperator = true): Typed {
    const types = args.map(({ type }) => type.name);
    const found = resolve(signaturesOf(name), types, isOperator);
    if (found === 'none') throw this.#noFit(name, args, location, isOperator);
    if (found === 'ambiguous') {
      throw this.source.error(
        AmbiguousCall,
        `${isOperator ? 'operator' : 'function'} is not unique: ${written(name, args, isOperator)}`,
        "Say what the literals are: '1'::int4, NULL::text.",
        location,
      );
    }
    if (FLOAT_ONLY.has(name) && types.includes('numeric')) {
      throw this.source.error(
        Unsupported,
        `${name} of numeric is not supported`,
        `Cast to float8, which is fast and not exact: ${name}(x::float8).`,
        location,
      );
    }
    const converted = args.map((arg, index) =>
      found.args[index] === 'any' ? arg : this.as(arg, { name: found.args[index]! }, 'implicit'),
    );
    return call(found, converted, location);
  }

  #constant(content: Content): Typed {
    const { location } = content as { readonly location?: number };
    const constant = (name: string, value: SqlValue): Typed => ({
      type: { name },
      evaluate: () => value,
      location,
      isConstant: true,
    });
    if (content.isnull === true)
      return { type: UNKNOWN, evaluate: () => null, location, literal: { text: null }, isConstant: true };
    if (content.sval !== undefined) {
      const text = (content.sval as { sval?: string }).sval ?? '';
      return { type: UNKNOWN, evaluate: () => text, location, literal: { text }, isConstant: true };
    }
    if (content.boolval !== undefined)
      return constant('boolean', (content.boolval as { boolval?: boolean }).boolval ?? false);
    if (content.ival !== undefined) return constant('int4', (content.ival as { ival?: number }).ival ?? 0);
    if (content.fval !== undefined) {
      const text = (content.fval as { fval: string }).fval;
      const isInt8 = /^-?\d+$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
      return isInt8 ? constant('int8', BigInt(text)) : constant('numeric', parseNumeric(text));
    }
    throw this.#unsupported('bit string', content);
  }

  #column({ fields, location }: Content): Typed {
    const path = namesOf(fields as readonly Node[]);
    const name = path.join('.');
    this.#hook?.column(name, location as number | undefined);
    const found = path.includes('*') ? undefined : this.scope.resolve(path);
    if (found === undefined) {
      const names = this.scope.names();
      const near = nearNames(name, names);
      throw this.source.error(
        UnknownColumn,
        `column "${name}" does not exist`,
        near.length > 0 ? `Did you mean ${near.join(', ')}?` : `There are: ${names.slice(0, 30).join(', ')}.`,
        location as number | undefined,
      );
    }
    const { slot, type } = found;
    if (type.name === 'unknown')
      return { type, evaluate: () => null, location: location as number | undefined, literal: { text: null } };
    this.slots.add(slot);
    return { type, evaluate: (read: Read) => read(slot), location: location as number | undefined };
  }

  #literalAs(given: Typed, type: SqlType): Typed {
    const { text } = given.literal!;
    const { literal: _, ...rest } = given;
    if (text === null) return { ...rest, type, evaluate: () => null };
    try {
      const cast = castBetween(TEXT, type, 'explicit');
      const decoded = type.name === 'text' || cast === undefined ? text : cast(text);
      return { ...rest, type, evaluate: () => decoded };
    } catch (error) {
      throw this.source.at(error, given.location);
    }
  }

  #typeCast({ arg, typeName, location }: Content): Typed {
    const type = this.#typeOf(typeName as Content);
    const given = this.compile(arg as Node);
    return { ...this.as(given, type, 'explicit'), location: given.location ?? (location as number) };
  }

  #typeOf({ names, typmods, arrayBounds, location }: Content): SqlType {
    const name = namesOf(names as readonly Node[]).at(-1)!;
    const modifier = (
      (typmods ?? []) as readonly { readonly A_Const?: { readonly ival?: { readonly ival?: number } } }[]
    ).map((each) => each.A_Const?.ival?.ival ?? 0);
    const parsed = parseSqlType(name === 'bool' ? 'boolean' : name);
    if (
      arrayBounds !== undefined ||
      !KNOWN_TYPES.has(parsed.name) ||
      (parsed.name === 'interval' && modifier.length > 0)
    ) {
      const written = `${name}${arrayBounds === undefined ? '' : '[]'}`;
      throw this.source.error(
        UnknownType,
        `type "${written}" is not supported`,
        `Use one of: ${[...KNOWN_TYPES].join(', ')}.`,
        location as number | undefined,
      );
    }
    // character without a length is of one character.
    if (name === 'bpchar' && modifier.length === 0) return parsed;
    return modifier.length === 0 ? parsed : { name: parsed.name, modifier };
  }

  #call(content: Content): Typed {
    const { funcname, args = [], location } = content;
    const name = namesOf(funcname as readonly Node[]).at(-1)!;
    const hooked = this.#hook?.call(name, content, this);
    if (hooked !== undefined) return hooked;
    if (content.over !== undefined) {
      throw this.source.error(
        Unsupported,
        'window functions are not supported',
        'Use an aggregate stage with a window.',
        location,
      );
    }
    if (
      content.agg_filter !== undefined ||
      content.agg_star === true ||
      content.agg_distinct === true ||
      content.agg_order !== undefined
    ) {
      throw this.source.error(
        GroupingError,
        `${name} is used as an aggregate here`,
        'Aggregates belong into "aggregate" of an aggregate stage.',
        location,
      );
    }
    const instead = VOLATILE[name];
    if (instead !== undefined) {
      throw this.source.error(
        Unsupported,
        `${name}() is not supported: a job must give the same again after a restart`,
        `Use ${instead} instead.`,
        location as number,
      );
    }
    const compiled = (args as readonly Node[]).map((arg) => this.compile(arg));
    return (
      compileSpecial(this, name, compiled, location as number | undefined) ??
      this.apply(name, compiled, location as number | undefined, false)
    );
  }

  #collate({ arg, collname, location }: Content): Typed {
    const name = namesOf(collname as readonly Node[]).at(-1)!;
    if (name === 'C' || name === 'POSIX' || name === 'ucs_basic') return this.compile(arg as Node);
    throw this.source.error(
      Unsupported,
      `collation "${name}" is not supported`,
      'Texts are compared as by COLLATE "C".',
      location,
    );
  }

  #noFit(name: string, args: readonly Typed[], location: number | undefined, isOperator: boolean): Error {
    const forms = signaturesOf(name);
    const near = isOperator ? [] : nearNames(name, functionNames());
    const mend =
      forms.length > 0
        ? `There is: ${[...new Set(forms.map((form) => shown(form, isOperator)))].slice(0, 8).join('; ')}. Cast the arguments.`
        : near.length > 0
          ? `Did you mean ${near.join(', ')}?`
          : 'docs/expressions.md lists what there is.';
    const what = isOperator ? 'operator' : 'function';
    return this.source.error(
      UnknownFunction,
      `${what} does not exist: ${written(name, args, isOperator)}`,
      mend,
      location,
    );
  }

  #unsupported(kind: string, { location }: Content): Error {
    const { what, mend } = UNSUPPORTED[kind] ?? { what: kind, mend: 'docs/expressions.md lists what there is.' };
    return this.source.error(Unsupported, `${what} are not supported`, mend, location as number | undefined);
  }
}

const UNSUPPORTED: Readonly<Record<string, { readonly what: string; readonly mend: string }>> = {
  SubLink: { what: 'sub-queries', mend: 'Join or enrich in a stage of its own.' },
  ParamRef: { what: 'parameters ($1)', mend: 'Write the value itself.' },
  SQLValueFunction: {
    what: 'functions of the session (current_date, current_user, …)',
    mend: 'Use event.time, or a column of the row.',
  },
  A_ArrayExpr: { what: 'arrays outside of = ANY(…)', mend: 'Use IN (…), or jsonb.' },
  A_Indirection: { what: 'subscripts', mend: "Use jsonb operators: x -> 'field'." },
  RowExpr: { what: 'rows', mend: 'Write one value.' },
};

const written = (name: string, args: readonly Typed[], isOperator: boolean): string => {
  const types = args.map(({ type }) => sqlTypeText(type));
  if (!isOperator) return `${name}(${types.join(', ')})`;
  return types.length === 1 ? `${name} ${types[0]}` : types.join(` ${name} `);
};

const shown = ({ name, args }: Signature, isOperator: boolean): string => {
  const types = args.map((arg) => sqlTypeText({ name: arg }));
  if (!isOperator) return `${name}(${types.join(', ')})`;
  return types.length === 1 ? `${name} ${types[0]}` : types.join(` ${name} `);
};

/** The call of one form: all arguments are computed, then NULL among them makes the result NULL. */
function call({ run, result }: Signature, args: readonly Typed[], location: number | undefined): Typed {
  const isConstant = args.every((arg) => arg.isConstant === true);
  const type: SqlType = { name: result };
  if (args.length === 1) {
    const [{ evaluate }] = args as [Typed];
    return {
      type,
      location,
      isConstant,
      evaluate: (read) => {
        const value = evaluate(read);
        return value === null ? null : run(value);
      },
    };
  }
  if (args.length === 2) {
    const [{ evaluate: left }, { evaluate: right }] = args as [Typed, Typed];
    return {
      type,
      location,
      isConstant,
      evaluate: (read) => {
        const a = left(read);
        const b = right(read);
        return a === null || b === null ? null : run(a, b);
      },
    };
  }
  return {
    type,
    location,
    isConstant,
    evaluate: (read) => {
      const values = args.map((arg) => arg.evaluate(read));
      return values.includes(null) ? null : run(...values);
    },
  };
}
