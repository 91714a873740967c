import { parseSqlType, type Scope, type SqlType, type SqlValue, sqlTypeText } from '@millrace/sql';
import type { EventScope } from './event-scope.ts';

/**
 * Values taken out of a change event, to be computed with where rows of one key meet. Plain data. `form` tells which values they are
 * and of what types; it is the same for all rows of one version of a table.
 */
export interface EventRow {
  readonly form: string;
  /** Grouping values as texts; `null` is NULL. */
  readonly key: readonly (string | null)[];
  /** By slot of the form's scope. */
  readonly values: readonly SqlValue[];
}

interface FormContent {
  /** Path as JSON, slot, type. */
  readonly paths: readonly (readonly [string, number, string])[];
  readonly keyTypes: readonly string[];
}

/** The form of rows whose expressions asked a table's scope for names. */
export function formOf(scope: EventScope, keyTypes: readonly SqlType[]): string {
  const paths = [...scope.asked].map(([path, { slot, type }]) => [path, slot, sqlTypeText(type)] as const);
  return JSON.stringify({ paths, keyTypes: keyTypes.map(sqlTypeText) } satisfies FormContent);
}

/** The scope of a form: the names its rows have values for. */
export class FormScope implements Scope {
  readonly keyTypes: readonly SqlType[];
  readonly #paths: ReadonlyMap<string, { readonly type: SqlType; readonly slot: number }>;

  constructor(form: string) {
    const { paths, keyTypes } = JSON.parse(form) as FormContent;
    this.keyTypes = keyTypes.map(parseSqlType);
    this.#paths = new Map(paths.map(([path, slot, type]) => [path, { slot, type: parseSqlType(type) }]));
  }

  get keyTypeTexts(): readonly string[] {
    return this.keyTypes.map(sqlTypeText);
  }

  resolve(path: readonly string[]): { readonly type: SqlType; readonly slot: number } | undefined {
    return this.#paths.get(JSON.stringify(path));
  }

  names(): readonly string[] {
    return [...this.#paths.keys()].map((path) => (JSON.parse(path) as string[]).join('.'));
  }
}
