import { type Column, valueText } from '@millrace/formats';
import { errorCode, isRecordError, MillraceError } from '@millrace/kernel';
import { type AttemptOptions, attempt } from '@millrace/operators';
import type { EventLookup, Found } from './enrich-events.ts';

export const ModuleWithoutFunction = errorCode('pipeline.module_without_function', {
  domain: 'user',
  retry: 'never',
  title: 'The module exports no such function',
});
const BadAnswer = errorCode('pipeline.bad_answer', {
  domain: 'user',
  retry: 'never',
  title: 'A function gave something else than its columns',
  ofRecord: true,
});

/** What a function of a `mapAsync` stage gets beside its arguments. */
export interface CallContext {
  /** Aborted when the call takes too long, or the job ends. */
  readonly signal: AbortSignal;
  /** Of the stage. */
  readonly options: unknown;
}

/** A function of a `mapAsync` stage: values as PostgreSQL writes them, `null` of NULL. `undefined`: all columns become NULL. */
export type MapFunction = (
  values: Readonly<Record<string, string | null>>,
  context: CallContext,
) => Promise<Readonly<Record<string, unknown>> | undefined> | Readonly<Record<string, unknown>> | undefined;

export interface ModuleCallsOptions {
  readonly function: MapFunction;
  readonly parameters: readonly string[];
  readonly columns: readonly Column[];
  readonly options: unknown;
  readonly concurrency: number;
  readonly attempts: AttemptOptions;
  /** A call that fails is told as what became of its key; otherwise the first one fails all. */
  readonly tellsFailures: boolean;
}

/** @throws MillraceError `pipeline.module_without_function` */
export async function importFunction(url: string, exportName: string): Promise<MapFunction> {
  const exports = (await import(url)) as Readonly<Record<string, unknown>>;
  const exported = exports[exportName];
  if (typeof exported === 'function') return exported as MapFunction;
  throw new MillraceError(ModuleWithoutFunction, {
    message: `the module's export "${exportName}" is not a function${exported === undefined ? ': there is none of that name' : ''}`,
    mend: 'Export one: export default async (values, { signal, options }) => ({ … }).',
    details: { exports: Object.keys(exports) },
  });
}

/** Calls a user's function for each key, a bounded number of calls at a time. */
export class ModuleCalls implements EventLookup {
  readonly columns: readonly Column[];
  readonly #options: ModuleCallsOptions;

  constructor(options: ModuleCallsOptions) {
    this.#options = options;
    this.columns = options.columns;
  }

  async find(keys: readonly Found[]): Promise<readonly (Found | MillraceError | undefined)[]> {
    const found: (Found | MillraceError | undefined)[] = Array.from({ length: keys.length });
    let next = 0;
    const caller = async (): Promise<void> => {
      while (next < keys.length) {
        const index = next++;
        found[index] = await this.#call(keys[index]!).catch((error: unknown) => {
          if (!this.#options.tellsFailures || !isRecordError(error)) throw error;
          return error;
        });
      }
    };
    await Promise.all(Array.from({ length: Math.min(this.#options.concurrency, keys.length) }, caller));
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #call(key: Found): Promise<Found | undefined> {
    const { function: call, parameters, options, attempts } = this.#options;
    const values = Object.fromEntries(parameters.map((name, index) => [name, key[index]!]));
    const answer = await attempt((signal) => call(values, { signal, options }), attempts);
    if (answer === undefined || answer === null) return undefined;
    if (typeof answer !== 'object') throw badAnswer(attempts.stage, `a ${typeof answer}`, this.columns);
    const unknown = Object.keys(answer).find((name) => this.columns.every((column) => column.name !== name));
    if (unknown !== undefined) throw badAnswer(attempts.stage, `a column "${unknown}"`, this.columns);
    return this.columns.map((column) => {
      const value = answer[column.name];
      return value === null || value === undefined ? null : valueText(column, value);
    });
  }
}

const badAnswer = (stage: string, given: string, columns: readonly Column[]): MillraceError =>
  new MillraceError(BadAnswer, {
    message: `the function of stage ${stage} gave ${given}`,
    mend: `Give an object with ${columns.map(({ name }) => name).join(', ')}, or undefined.`,
    details: { stage },
  });
