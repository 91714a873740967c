import type { SinkContext, SinkDefinition } from '@millrace/operators';
import type { Parallelism } from '../graph/graph-node.ts';
import { type Sink, Sinks } from './sinks.ts';

/**
 * A sink in a few lines (Jet's SinkBuilder):
 *
 *     const lines = SinkBuilder.sink('lines', (context) => openFile(context.globalIndex))
 *       .receive<string>((file, row) => file.add(row))
 *       .flush((file) => file.write())
 *       .build();
 *
 * With `prepare` and `commit` it is exactly once.
 */
export class SinkBuilder<State, Row, Saved = unknown> {
  readonly #name: string;
  readonly #parallelism: Parallelism;
  readonly #parts: SinkDefinition<State, Row>;

  private constructor(name: string, parallelism: Parallelism, parts: SinkDefinition<State, Row>) {
    this.#name = name;
    this.#parallelism = parallelism;
    this.#parts = parts;
  }

  static sink<State>(
    name: string,
    create: (context: SinkContext) => State | Promise<State>,
  ): {
    /** Takes a row; must not wait. */
    receive<Row>(receive: (state: State, row: Row, timeMs: number) => void): SinkBuilder<State, Row>;
  } {
    return {
      receive: <Row>(receive: (state: State, row: Row, timeMs: number) => void) =>
        new SinkBuilder<State, Row>(name, 'inherit', { create, receive }),
    };
  }

  /** Called after each batch; may return a promise. */
  flush(flush: (state: State) => void | Promise<void>): this {
    return this.#with({ flush }) as this;
  }

  /** Makes what was received before a barrier durable without showing it. */
  prepare(prepare: (state: State, snapshotId: number) => void | Promise<void>): this {
    return this.#with({ prepare }) as this;
  }

  /** Shows what was prepared for the snapshot; may come again after a crash. */
  commit(commit: (state: State, snapshotId: number) => void | Promise<void>): this {
    return this.#with({ commit }) as this;
  }

  /** What has to be known after a crash, as plain data. */
  createSnapshot<S>(snapshot: (state: State) => S): SinkBuilder<State, Row, S> {
    return this.#with({ snapshot });
  }

  /** Gets what was saved: commits what was prepared for that snapshot and removes what came later. */
  restoreSnapshot(restore: (state: State, saved: readonly Saved[], snapshotId: number) => void | Promise<void>): this {
    return this.#with({ restore: restore as SinkDefinition<State, Row>['restore'] }) as this;
  }

  destroy(destroy: (state: State) => void | Promise<void>): this {
    return this.#with({ destroy }) as this;
  }

  /** So many instances on each member. By default as many as its input has. */
  preferredLocalParallelism(parallelism: Parallelism): this {
    return new SinkBuilder(this.#name, parallelism, this.#parts) as unknown as this;
  }

  build(): Sink<Row> {
    return Sinks.of(this.#name, this.#parts, { parallelism: this.#parallelism });
  }

  #with<S = Saved>(parts: Partial<SinkDefinition<State, Row>>): SinkBuilder<State, Row, S> {
    return new SinkBuilder(this.#name, this.#parallelism, { ...this.#parts, ...parts });
  }
}
