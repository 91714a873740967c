import type { Change, Operation } from '../changes/change.ts';
import type { ChangeContext } from './change-context.ts';
import type { WantedSubscription } from './ensure-subscription.ts';
import type { HandlerMark } from './on-change.decorator.ts';
import type { ConsumerOptions } from './options.ts';

export type Call = (change: Change, context: ChangeContext) => Promise<void> | void;

export interface FoundHandler {
  readonly mark: HandlerMark;
  /** Class and method. */
  readonly name: string;
  readonly call: Call;
}

/** What is wrong with the handlers as they are declared. */
export class HandlersInvalid extends Error {
  override readonly name = 'HandlersInvalid';
}

/** All handlers of one consumer. */
export class ConsumerHandlers {
  readonly options: ConsumerOptions;
  readonly #handlers: readonly FoundHandler[];
  readonly #byChange = new Map<string, FoundHandler>();

  /** @throws HandlersInvalid */
  constructor(options: ConsumerOptions, handlers: readonly FoundHandler[]) {
    this.options = options;
    this.#handlers = handlers;
    for (const handler of handlers) {
      for (const operation of handler.mark.operations) {
        const key = `${operation} ${handler.mark.table.table}`;
        const other = this.#byChange.get(key);
        if (other !== undefined)
          throw new HandlersInvalid(
            `${other.name} and ${handler.name} both handle ${key} for the consumer ${options.consumer}: one would be done without the other. Give one another consumer.`,
          );
        this.#byChange.set(key, handler);
      }
    }
    const sources = new Set(handlers.map(({ mark }) => mark.table.source));
    if (sources.size > 1)
      throw new HandlersInvalid(
        `the consumer ${options.consumer} has handlers of the sources ${[...sources].join(' and ')}: give each source a consumer of its own.`,
      );
  }

  get wanted(): WantedSubscription {
    const { consumer: name, filter, initialLoad = 'none' } = this.options;
    const tables = [...new Set(this.#handlers.map(({ mark }) => mark.table.table))].sort();
    const operations = [...new Set(this.#handlers.flatMap(({ mark }) => mark.operations))].sort() as Operation[];
    const { source } = this.#handlers[0]!.mark.table;
    return { name, source, tables, operations, initialLoad, ...(filter === undefined ? {} : { filter }) };
  }

  /** What handles a change; none: another table of the consumer wants this operation. */
  of({ operation, table }: Change): Call | undefined {
    return this.#byChange.get(`${operation} ${table}`)?.call;
  }
}
