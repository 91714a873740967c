import {
  type AsyncCallOptions,
  type AsyncMapOptions,
  asyncMap,
  cachedLookup,
  type Key,
  type Lookup,
  type LookupCacheOptions,
  type ServiceDefinition,
} from '@millrace/operators';
import { refusingCalls } from '../refusals/refusing-calls.ts';
import { type OnError, type RowStageOptions, rowPolicy } from './on-error.ts';
import { operatorStage } from './operator-stage.ts';
import type { Boundedness, Stage } from './stage.ts';

/** A look-up in another system, with a cache ahead of it. */
export interface EnrichOptions<Service, Row, Value> extends AsyncCallOptions, RowStageOptions<Row> {
  /** The connection, pool or client; one for each instance of the stage. */
  readonly service: ServiceDefinition<Service>;
  /** What a row is looked up by; `null` and `undefined` find nothing. */
  readonly key: (row: Row) => Key;
  readonly lookup: (service: Service, key: Key, signal: AbortSignal) => Promise<Value | undefined>;
  readonly cache?: LookupCacheOptions | undefined;
}

/** Options of calls, and what becomes of rows for which every attempt failed. */
export interface CallOptions<Row> extends AsyncCallOptions, RowStageOptions<Row> {}

/** `mapAsync`: what the call answers; `undefined` drops the row. */
export function asyncStage<Service, Row, To, Bounds extends Boundedness>(
  stage: Stage<Row, Bounds>,
  service: ServiceDefinition<Service>,
  call: (service: Service, row: Row, signal: AbortSignal) => Promise<To | undefined>,
  { onError, ...options }: CallOptions<Row>,
): Stage<To, Bounds> {
  const calls = {
    ...options,
    service,
    async call(own: Service, row: Row, signal: AbortSignal) {
      const made = await call(own, row, signal);
      return made === undefined ? [] : [made];
    },
  };
  return callStage(stage, 'mapAsync', calls, onError);
}

function callStage<Row, To, Bounds extends Boundedness>(
  stage: Stage<Row, Bounds>,
  label: string,
  calls: AsyncMapOptions,
  onError: OnError<Row> | undefined,
): Stage<To, Bounds> {
  const tolerance = rowPolicy(onError);
  const made: Stage<To, Bounds> = operatorStage(stage, {
    label,
    emitsByItself: true,
    asksOthers: true,
    name: label,
    routing: { kind: 'local' },
    policy: tolerance?.policy,
    supplier: (mode, refusals) => {
      if (refusals === undefined) return asyncMap({ ...calls, mode });
      const { keyOf } = tolerance!;
      return (instance) =>
        refusingCalls({ stage: made.node.name, keyOf, refusals, calls: { ...calls, mode } }, instance);
    },
  });
  return made;
}

export function enrichStage<Service, Row, Value, To, Bounds extends Boundedness>(
  stage: Stage<Row, Bounds>,
  options: EnrichOptions<Service, Row, Value>,
  combine: (row: Row, value: Value | undefined) => To,
): Stage<To, Bounds> {
  const { service, key, lookup, cache = {}, onError, ...calls } = options;
  const cached: ServiceDefinition<{ readonly own: Service; readonly find: Lookup<Value> }> = {
    async create(context) {
      const own = await service.create(context);
      return { own, find: cachedLookup((each, signal) => lookup(own, each, signal), cache, context.clock) };
    },
    destroy: ({ own }) => service.destroy?.(own),
  };
  const each = {
    ...calls,
    service: cached,
    call: async ({ find }: { readonly find: Lookup<Value> }, row: Row, signal: AbortSignal) => [
      combine(row, await find(key(row), signal)),
    ],
  };
  return callStage(stage, 'enrich', each, onError);
}
