import {
  type AggregateOperation,
  type AggregateOperation1,
  AggregateOperations,
  type Key,
  type KeyedWindowResult,
} from '@millrace/operators';
import type { Boundedness, Stage } from './stage.ts';
import type { Keyed, StageWithKey } from './stage-with-key.ts';

// biome-ignore-start lint/suspicious/noExplicitAny: inputs of every type are put together
/** One input of a co-aggregation with its operation. */
export interface AggregateInput {
  readonly name: string;
  readonly input: { readonly stage: Stage<any>; readonly keyOf: (row: any) => Key };
  readonly operation: AggregateOperation1<any, any, any>;
}

type Finish = (inputs: readonly AggregateInput['input'][], operation: AggregateOperation<any, any, any>) => Stage<any>;
// biome-ignore-end lint/suspicious/noExplicitAny: see above

type ResultOf<K extends Key, Bounds extends Boundedness, Results> = Bounds extends 'stream'
  ? KeyedWindowResult<K, Results>
  : Keyed<K, Results>;

/** A co-aggregation of any number of inputs with keys, each with an operation and a name (Jet's AggregateBuilder). */
export class AggregateBuilder<K extends Key, Bounds extends Boundedness, Results> {
  readonly #inputs: readonly AggregateInput[];
  readonly #finish: Finish;

  /** @internal */
  constructor(inputs: readonly AggregateInput[], finish: Finish) {
    this.#inputs = inputs;
    this.#finish = finish;
  }

  /** One more input; its result is the property `name` of the results. */
  add<Name extends string, Row, A, Result>(
    name: Name,
    input: StageWithKey<Row, K, Bounds>,
    operation: AggregateOperation1<Row, A, Result>,
  ): AggregateBuilder<K, Bounds, Results & { readonly [N in Name]: Result }> {
    const added = { name, input: input as unknown as AggregateInput['input'], operation };
    return new AggregateBuilder([...this.#inputs, added], this.#finish);
  }

  build(): Stage<ResultOf<K, Bounds, { readonly [Name in keyof Results]: Results[Name] }>, Bounds> {
    const operations = Object.fromEntries(this.#inputs.map(({ name, operation }) => [name, operation]));
    const operation = AggregateOperations.coAggregate(operations);
    return this.#finish(
      this.#inputs.map(({ input }) => input),
      operation,
    ) as never;
  }
}
