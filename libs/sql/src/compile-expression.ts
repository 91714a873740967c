import { castBetween } from './check/casts.ts';
import { Compiler } from './check/compiler.ts';
import type { Scope } from './check/scope.ts';
import { type Read, TEXT, type Typed } from './check/typed.ts';
import { TypeMismatch } from './errors.ts';
import { parseExpression, SourceText } from './parse/parse-expression.ts';
import { type SqlType, sqlTypeText } from './types/sql-type.ts';
import type { SqlValue } from './values/value.ts';

/** A compiled expression. */
export interface Expression {
  readonly type: SqlType;
  readonly text: string;
  /** Slots it reads, in ascending order. */
  readonly slots: readonly number[];
  /** Its value for a row. @throws MillraceError as PostgreSQL would (`sql.division_by_zero`, `sql.out_of_range`, …) */
  readonly evaluate: (read: Read) => SqlValue;
}

export interface CompileOptions {
  /** JSON pointer of the expression in its document, for errors. */
  readonly pointer: string;
  /** The type it is wanted as; it is converted where PostgreSQL would in an assignment. */
  readonly expects?: SqlType | undefined;
}

/**
 * Checks an expression in PostgreSQL's dialect against the names of a scope and makes a function of it.
 * @throws MillraceError `sql.syntax`, `sql.unknown_column`, `sql.unknown_function`, `sql.type_mismatch`, … with the place in the text
 */
export function compileExpression(text: string, scope: Scope, { pointer, expects }: CompileOptions): Expression {
  const source = new SourceText(text, pointer);
  const compiler = new Compiler(source, scope);
  const typed = expecting(compiler, compiler.compile(parseExpression(source)), expects);
  return {
    type: typed.type,
    text,
    slots: [...compiler.slots].sort((a, b) => a - b),
    evaluate: typed.evaluate,
  };
}

/** As the type that its place wants; without one a literal is a text. */
export function expecting(compiler: Compiler, typed: Typed, expects: SqlType | undefined): Typed {
  if (expects === undefined) return typed.literal === undefined ? typed : compiler.as(typed, TEXT, 'implicit');
  if (typed.literal === undefined && castBetween(typed.type, expects, 'assignment') === undefined) {
    throw compiler.source.error(
      TypeMismatch,
      `the expression is of type ${sqlTypeText(typed.type)}, and ${sqlTypeText(expects)} is wanted here`,
      expects.name === 'boolean' ? 'Write a condition: after.total > 10.' : `Cast it: (…)::${sqlTypeText(expects)}.`,
      typed.location,
    );
  }
  return compiler.as(typed, expects, 'assignment');
}
