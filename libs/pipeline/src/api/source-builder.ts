import type { SourceBuffer, SourceContext, SourceDefinition } from '@millrace/operators';
import type { Parallelism } from '../graph/graph-node.ts';
import { type BatchSource, Sources, type StreamSource } from './sources.ts';

type Create<State> = (context: SourceContext) => State | Promise<State>;
type Kind = 'batch' | 'stream' | 'timestamped';
type SourceOf<Row, K extends Kind> = K extends 'batch' ? BatchSource<Row> : StreamSource<Row>;

/**
 * A source in a few lines (Jet's SourceBuilder):
 *
 *     const ticks = SourceBuilder.stream('ticks', () => ({ next: 0 }))
 *       .fillBuffer<number>((state, buffer) => buffer.add(state.next++))
 *       .createSnapshot((state) => state.next)
 *       .restoreSnapshot((state, [next]) => { state.next = next; })
 *       .build();
 */
export class SourceBuilder<State, Row, K extends Kind, Saved = unknown> {
  readonly #name: string;
  readonly #kind: K;
  readonly #parallelism: Parallelism;
  readonly #parts: SourceDefinition<State, Row>;

  private constructor(name: string, kind: K, parallelism: Parallelism, parts: SourceDefinition<State, Row>) {
    this.#name = name;
    this.#kind = kind;
    this.#parallelism = parallelism;
    this.#parts = parts;
  }

  /** A source that ends. */
  static batch<State>(name: string, create: Create<State>): SourceBuilderStart<State, 'batch'> {
    return SourceBuilder.#start(name, 'batch', create);
  }

  /** A source that goes on, without event times of its own. */
  static stream<State>(name: string, create: Create<State>): SourceBuilderStart<State, 'stream'> {
    return SourceBuilder.#start(name, 'stream', create);
  }

  /** A source that goes on, whose rows are added with their event times. */
  static timestampedStream<State>(name: string, create: Create<State>): SourceBuilderStart<State, 'timestamped'> {
    return SourceBuilder.#start(name, 'timestamped', create);
  }

  static #start<State, K extends Kind>(name: string, kind: K, create: Create<State>): SourceBuilderStart<State, K> {
    return {
      fillBuffer: <Row>(fill: (state: State, buffer: SourceBuffer<Row>) => void | Promise<void>) =>
        new SourceBuilder<State, Row, K>(name, kind, 1, { create, fill }),
    };
  }

  /** Where the source stands, as plain data: all that has been added is covered. */
  createSnapshot<S>(snapshot: (state: State) => S): SourceBuilder<State, Row, K, S> {
    return this.#with({ snapshot });
  }

  /** Gets what all instances saved, before the first row; each takes what concerns it. */
  restoreSnapshot(restore: (state: State, saved: readonly Saved[]) => void | Promise<void>): this {
    return this.#with({ restore: restore as SourceDefinition<State, Row>['restore'] }) as this;
  }

  destroy(destroy: (state: State) => void | Promise<void>): this {
    return this.#with({ destroy }) as this;
  }

  /** So many instances on each member; each takes its share by the index in its context. Default 1. */
  distributed(parallelism: Parallelism): this {
    return new SourceBuilder(this.#name, this.#kind, parallelism, this.#parts) as unknown as this;
  }

  build(): SourceOf<Row, K> {
    const options = { parallelism: this.#parallelism, isTimestamped: this.#kind === 'timestamped' };
    const source =
      this.#kind === 'batch'
        ? Sources.batch(this.#name, this.#parts, options)
        : Sources.stream(this.#name, this.#parts, options);
    return source as SourceOf<Row, K>;
  }

  #with<S = Saved>(parts: Partial<SourceDefinition<State, Row>>): SourceBuilder<State, Row, K, S> {
    return new SourceBuilder(this.#name, this.#kind, this.#parallelism, { ...this.#parts, ...parts });
  }
}

/** A source builder that does not know yet how rows are got. */
export interface SourceBuilderStart<State, K extends Kind> {
  /** Called again and again to add rows to the buffer; may return a promise. A call that adds nothing is followed by a short pause. */
  fillBuffer<Row>(
    fill: (state: State, buffer: SourceBuffer<Row>) => void | Promise<void>,
  ): SourceBuilder<State, Row, K>;
}
