import type { SqlType } from '../types/sql-type.ts';

/** The names that an expression may use. */
export interface Scope {
  /**
   * The type of a name (`['after', 'total']`, `['total']`) and the slot its value is read from; `undefined` when there is none. A name of type
   * `unknown` is NULL.
   */
  resolve(path: readonly string[]): { readonly type: SqlType; readonly slot: number } | undefined;
  /** All of them, for messages. */
  names(): readonly string[];
}
