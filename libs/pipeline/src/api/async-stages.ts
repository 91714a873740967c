import {
  type AsyncCallOptions,
  asyncMap,
  cachedLookup,
  type Key,
  type Lookup,
  type LookupCacheOptions,
  type ServiceDefinition,
} from '@millrace/operators';
import { operatorStage } from './operator-stage.ts';
import type { Boundedness, Stage } from './stage.ts';

/** A look-up in another system, with a cache ahead of it. */
export interface EnrichOptions<Service, Row, Value> extends AsyncCallOptions {
  /** The connection, pool or client; one for each instance of the stage. */
  readonly service: ServiceDefinition<Service>;
  /** What a row is looked up by; `null` and `undefined` find nothing. */
  readonly key: (row: Row) => Key;
  readonly lookup: (service: Service, key: Key, signal: AbortSignal) => Promise<Value | undefined>;
  readonly cache?: LookupCacheOptions | undefined;
}

/** `mapAsync`: what the call answers; `undefined` drops the row. */
export function asyncStage<Service, Row, To, Bounds extends Boundedness>(
  stage: Stage<Row, Bounds>,
  service: ServiceDefinition<Service>,
  call: (service: Service, row: Row, signal: AbortSignal) => Promise<To | undefined>,
  options: AsyncCallOptions,
): Stage<To, Bounds> {
  return operatorStage(stage, {
    label: 'mapAsync',
    emitsByItself: true,
    name: 'mapAsync',
    routing: { kind: 'local' },
    supplier: (mode) =>
      asyncMap({
        ...options,
        service,
        async call(own: Service, row: Row, signal) {
          const made = await call(own, row, signal);
          return made === undefined ? [] : [made];
        },
        mode,
      }),
  });
}

export function enrichStage<Service, Row, Value, To, Bounds extends Boundedness>(
  stage: Stage<Row, Bounds>,
  options: EnrichOptions<Service, Row, Value>,
  combine: (row: Row, value: Value | undefined) => To,
): Stage<To, Bounds> {
  const { service, key, lookup, cache = {}, ...calls } = options;
  const cached: ServiceDefinition<{ readonly own: Service; readonly find: Lookup<Value> }> = {
    async create(context) {
      const own = await service.create(context);
      return { own, find: cachedLookup((each, signal) => lookup(own, each, signal), cache, context.clock) };
    },
    destroy: ({ own }) => service.destroy?.(own),
  };
  return operatorStage(stage, {
    label: 'enrich',
    emitsByItself: true,
    name: 'enrich',
    routing: { kind: 'local' },
    supplier: (mode) =>
      asyncMap({
        ...calls,
        service: cached,
        call: async ({ find }: { readonly find: Lookup<Value> }, row: Row, signal) => [
          combine(row, await find(key(row), signal)),
        ],
        mode,
      }),
  });
}
