import { type Batch, type ProcessorSupplier, rowBatch } from '@millrace/engine';
import { type ChangeEvent, changeEvents, isChangeBatch } from '@millrace/formats';
import { assert } from '@millrace/kernel';
import { builtSource, itemStream, items, range, type SourceDefinition } from '@millrace/operators';
import { checkedOnError, policyOf } from '../declarative/stage-parts.ts';
import type { OnError } from '../declarative/stage-schemas.ts';
import type { FusedNode, Parallelism, SourceNode } from '../graph/graph-node.ts';

interface SourceBase<Row> {
  readonly name: string;
  readonly source: SourceNode['source'];
  readonly policy?: SourceNode['policy'];
  /** What its batches are made into before the first stage sees them. */
  readonly decode?: Extract<FusedNode['stage'], { transform: unknown }>['transform'] | undefined;
  /** Instances on each member unless the stage says otherwise. */
  readonly parallelism: Parallelism;
  /** Only for the type: what the rows are. */
  readonly rowType?: Row | undefined;
}

/** A source that ends. */
export interface BatchSource<Row> extends SourceBase<Row> {
  readonly isBounded: true;
}

/** A source that goes on. */
export interface StreamSource<Row> extends SourceBase<Row> {
  readonly isBounded: false;
  /** Rows carry event times, and the source may emit watermarks itself. */
  readonly isTimestamped: boolean;
}

export interface ProcessorSourceOptions {
  readonly parallelism?: Parallelism | undefined;
}

/** Ready-made sources, and sources of a processor of one's own. */
export const Sources = {
  /** A source that ends, as a processor. */
  batchFromProcessor<Row>(
    name: string,
    supplier: ProcessorSupplier,
    options: ProcessorSourceOptions = {},
  ): BatchSource<Row> {
    return {
      name,
      source: { kind: 'processor', supplier },
      parallelism: options.parallelism ?? 1,
      isBounded: true,
    };
  },

  /** A stream as a processor; with event times and watermarks of its own when `isTimestamped`. */
  streamFromProcessor<Row>(
    name: string,
    supplier: ProcessorSupplier,
    options: ProcessorSourceOptions & { readonly isTimestamped?: boolean | undefined } = {},
  ): StreamSource<Row> {
    const { parallelism = 1, isTimestamped = false } = options;
    return { name, source: { kind: 'processor', supplier }, parallelism, isBounded: false, isTimestamped };
  },

  batch<State, Row>(
    name: string,
    definition: SourceDefinition<State, Row>,
    options: ProcessorSourceOptions = {},
  ): BatchSource<Row> {
    return Sources.batchFromProcessor(name, builtSource(definition), options);
  },

  stream<State, Row>(
    name: string,
    definition: SourceDefinition<State, Row>,
    options: ProcessorSourceOptions & { readonly isTimestamped?: boolean | undefined } = {},
  ): StreamSource<Row> {
    return Sources.streamFromProcessor(name, builtSource(definition), options);
  },
};

/** Sources that are registered with the cluster. */
export const RegisteredSources = {
  /**
   * The changes of a registered source, in order, with the time of their commit as event time. `options` are those of a source stage:
   * `{ tables: ['public.orders'] }`; `onError` among them is for messages that the source cannot read.
   */
  changes: (
    name: string,
    { onError, ...options }: Readonly<Record<string, unknown>> & { readonly onError?: OnError },
  ): StreamSource<ChangeEvent> => ({
    name,
    policy: policyOf(undefined, checkedOnError(onError)),
    source: { kind: 'registered', definition: name, options },
    decode: rowsOfChanges,
    parallelism: 1,
    isBounded: false,
    isTimestamped: true,
  }),
};

const MICROS_PER_MILLI = 1_000n;

/** Change events as rows; rows of the initial load have the time they were read. */
function rowsOfChanges(batch: Batch): Batch | undefined {
  assert(isChangeBatch(batch), 'a registered source sends change events');
  const events = changeEvents(batch);
  if (events.length === 0) return undefined;
  const times = Float64Array.from(events, ({ transaction }) =>
    transaction === undefined ? batch.receivedMs : Number(transaction.commitTimeUs / MICROS_PER_MILLI),
  );
  return rowBatch(events, batch.byteLength, times);
}

/** Sources for trying things out and for tests. */
export const TestSources = {
  /** These rows, once. */
  items: <Row>(...rows: readonly Row[]): BatchSource<Row> => Sources.batch('items', items(rows)),

  /** Numbers from `from` up to and without `to`, spread over `parallelism` instances. */
  range: (from: number, to: number, parallelism: Parallelism = 1): BatchSource<number> =>
    Sources.batch('range', range(from, to), { parallelism }),

  /** So many rows a second, for ever, with event times: `make` gets the number of the row, from 0, and its time. */
  itemStream: <Row>(itemsPerSecond: number, make: (sequence: number, timeMs: number) => Row): StreamSource<Row> =>
    Sources.stream('itemStream', itemStream(itemsPerSecond, make), { isTimestamped: true }),
};
