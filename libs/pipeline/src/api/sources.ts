import type { ProcessorSupplier } from '@millrace/engine';
import { builtSource, itemStream, items, range, type SourceDefinition } from '@millrace/operators';
import type { Parallelism, SourceNode } from '../graph/graph-node.ts';

interface SourceBase<Row> {
  readonly name: string;
  readonly source: SourceNode['source'];
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
