import type { ProcessorContext, ProcessorSupplier } from '@millrace/engine';
import type { LoopMode } from '../contract/row-stage.ts';
import { RowProcessor } from '../keyed/row-processor.ts';
import type { ServiceDefinition } from './async-options.ts';

export interface ServiceMapOptions {
  // biome-ignore lint/suspicious/noExplicitAny: service and row are the stage's
  readonly service: ServiceDefinition<any>;
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly map: (service: any, row: any) => Iterable<unknown>;
  readonly mode?: LoopMode | undefined;
}

/** Rows made by a service that answers at once: a parser, a model in memory. One service for each instance. */
export function serviceMap(options: ServiceMapOptions): ProcessorSupplier {
  return () => new ServiceMap(options);
}

class ServiceMap extends RowProcessor {
  readonly #options: ServiceMapOptions;
  #service: unknown;
  #hasService = false;

  constructor(options: ServiceMapOptions) {
    super(1, options.mode);
    this.#options = options;
  }

  override async init(context: ProcessorContext): Promise<void> {
    await super.init(context);
    this.#service = await this.#options.service.create(context);
    this.#hasService = true;
  }

  protected override receive(_ordinal: number, row: unknown, timeMs: number): void {
    for (const each of this.#options.map(this.#service, row)) this.output.add(each, timeMs);
  }

  async close(): Promise<void> {
    if (this.#hasService) await this.#options.service.destroy?.(this.#service);
  }
}
