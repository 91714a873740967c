import type { SqlType } from '../types/sql-type.ts';
import type { SqlValue } from '../values/value.ts';

/** Gives the value of a slot. */
export type Read = (slot: number) => SqlValue;

/** Computes a value. Only functions composed of functions: no code is generated, so nobody's text can get into any. */
export type Evaluate = (read: Read) => SqlValue;

/** A checked expression. */
export interface Typed {
  readonly type: SqlType;
  readonly evaluate: Evaluate;
  /** Where it stands in the statement; `undefined` where the parser does not say. */
  readonly location: number | undefined;
  /** A literal in quotes (or NULL) that has no type of its own yet; then `type` is `unknown`. */
  readonly literal?: { readonly text: string | null } | undefined;
  /** Its value does not depend on a row. */
  readonly isConstant?: boolean | undefined;
}

export const BOOLEAN: SqlType = { name: 'boolean' };
export const TEXT: SqlType = { name: 'text' };

/** What a node of the parse tree holds. */
// biome-ignore lint/suspicious/noExplicitAny: the tree is read by the kind of its nodes
export type Content = Readonly<Record<string, any>>;
