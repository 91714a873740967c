import { type Emit, type Key, type KeyOf, statefulMap } from '@millrace/operators';
import { operatorStage } from './operator-stage.ts';
import type { Boundedness, Stage } from './stage.ts';

/** When the state of a key is forgotten, and what then. Needs event times. */
export interface TimeToLive<State, K, Out> {
  /** Milliseconds of event time since the last row of the key. */
  readonly ttlMs: number;
  /** Called with what is forgotten and when it was due; what it returns goes on with that event time. */
  readonly onEvict?: ((state: State, key: K, timeMs: number) => Out | undefined) | undefined;
}

/** Where the rows of a stateful stage come from: by key, or all together. */
export interface StatefulInput<Bounds extends Boundedness> {
  // biome-ignore lint/suspicious/noExplicitAny: the callers have checked the types
  readonly stage: Stage<any, Bounds>;
  readonly keyOf: KeyOf | undefined;
}

interface StatefulParts {
  readonly label: string;
  readonly create: () => unknown;
  readonly step: (state: never, key: Key, row: never, timeMs: number, emit: Emit) => void;
  readonly ttlMs?: number | undefined;
  readonly isTtlFixed?: boolean | undefined;
  readonly evict?: ((state: never, key: Key, timeMs: number, emit: Emit) => void) | undefined;
}

/** A stage whose rows are looked at with the state of their key. */
export function statefulStage<To, Bounds extends Boundedness>(
  { stage, keyOf }: StatefulInput<Bounds>,
  { label, ...parts }: StatefulParts,
): Stage<To, Bounds> {
  return operatorStage(stage, {
    label,
    name: label,
    routing: keyOf === undefined ? { kind: 'one' } : { kind: 'keyed', keyOf },
    needsTime: parts.ttlMs !== undefined,
    supplier: (mode) => statefulMap({ ...parts, keyOf, mode } as never),
  });
}

/** `mapStateful`: at most one row for each row. */
export function mapStateful<State, Row, To, K extends Key, Bounds extends Boundedness>(
  input: StatefulInput<Bounds>,
  create: () => State,
  fn: (state: State, row: Row, key: K) => To | undefined,
  ttl: TimeToLive<State, K, To> | undefined,
): Stage<To, Bounds> {
  const pass = (made: To | undefined, emit: Emit): void => {
    if (made !== undefined) emit(made);
  };
  return statefulStage(input, {
    label: 'mapStateful',
    create,
    step: (state: State, key, row: Row, _timeMs, emit) => pass(fn(state, row, key as K), emit),
    ttlMs: ttl?.ttlMs,
    evict: evictor(ttl, pass),
  } as StatefulParts);
}

/** `flatMapStateful`: any number of rows for each row. */
export function flatMapStateful<State, Row, To, K extends Key, Bounds extends Boundedness>(
  input: StatefulInput<Bounds>,
  create: () => State,
  fn: (state: State, row: Row, key: K) => Iterable<To>,
  ttl: TimeToLive<State, K, Iterable<To>> | undefined,
): Stage<To, Bounds> {
  const pass = (made: Iterable<To> | undefined, emit: Emit): void => {
    if (made !== undefined) for (const each of made) emit(each);
  };
  return statefulStage(input, {
    label: 'flatMapStateful',
    create,
    step: (state: State, key, row: Row, _timeMs, emit) => pass(fn(state, row, key as K), emit),
    ttlMs: ttl?.ttlMs,
    evict: evictor(ttl, pass),
  } as StatefulParts);
}

/** `filterStateful`: rows of which `fn` is true. */
export function filterStateful<State, Row, K extends Key, Bounds extends Boundedness>(
  input: StatefulInput<Bounds>,
  create: () => State,
  fn: (state: State, row: Row, key: K) => boolean,
  ttlMs: number | undefined,
): Stage<Row, Bounds> {
  return statefulStage(input, {
    label: 'filterStateful',
    create,
    step: (state: State, key, row: Row, _timeMs, emit) => {
      if (fn(state, row, key as K)) emit(row);
    },
    ttlMs,
  } as StatefulParts);
}

/** `distinct`: the first row of each key, again after `withinMs` of event time when that is given. */
export function firstOfKey<Row, Bounds extends Boundedness>(
  input: StatefulInput<Bounds>,
  withinMs: number | undefined,
): Stage<Row, Bounds> {
  return statefulStage(input, {
    label: 'distinct',
    create: () => ({ isSeen: false }),
    step: (state: { isSeen: boolean }, _key, row: Row, _timeMs, emit) => {
      if (!state.isSeen) emit(row);
      state.isSeen = true;
    },
    ttlMs: withinMs,
    isTtlFixed: true,
  } as StatefulParts);
}

function evictor<State, K, Out>(
  ttl: TimeToLive<State, K, Out> | undefined,
  pass: (made: Out | undefined, emit: Emit) => void,
) {
  const { onEvict } = ttl ?? {};
  if (onEvict === undefined) return undefined;
  return (state: State, key: Key, timeMs: number, emit: Emit) => pass(onEvict(state, key as K, timeMs), emit);
}
