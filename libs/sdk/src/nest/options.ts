import type { FactoryProvider, ModuleMetadata, Type } from '@nestjs/common';
import type { RetryPolicy } from '../changes/handler-runner.ts';
import type { ConnectionOptions } from '../client/connection.ts';
import type { Executor } from '../executors/executor.ts';

export interface MillraceModuleOptions extends ConnectionOptions {
  /** The service's database, for `ctx.once`: `fromPg(pool)`, `fromTypeOrm(dataSource)`, … */
  // biome-ignore lint/suspicious/noExplicitAny: of any library
  readonly executor?: Executor<any> | undefined;
  /** Default: the table `millrace_inbox` is made at the start and kept 30 days. */
  readonly inbox?: { readonly table?: string; readonly keptDays?: number; readonly migrate?: boolean } | undefined;
  /** Makes subscriptions that are not there. Default true; false where keys of services may not. */
  readonly createSubscriptions?: boolean | undefined;
  /** How long handlers that run may go on when the service ends. Default 30 s. */
  readonly drainMs?: number | undefined;
}

export interface MillraceOptionsFactory {
  createMillraceOptions(): MillraceModuleOptions | Promise<MillraceModuleOptions>;
}

export interface MillraceModuleAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  readonly inject?: FactoryProvider['inject'];
  // biome-ignore lint/suspicious/noExplicitAny: as Nest has it
  readonly useFactory?: (...injected: any[]) => MillraceModuleOptions | Promise<MillraceModuleOptions>;
  readonly useClass?: Type<MillraceOptionsFactory>;
  readonly useExisting?: Type<MillraceOptionsFactory>;
}

/** How a consumer of this feature works. */
export interface ConsumerOptions {
  readonly consumer: string;
  /** Handlers beside each other in one instance, of different rows. Default 10. */
  readonly concurrency?: number | undefined;
  readonly retry?: RetryPolicy | undefined;
  /** SQL expression: only changes for which it is true. */
  readonly filter?: string | undefined;
  /** `full`: the rows that are there come first, as `read`. Default `none`. */
  readonly initialLoad?: 'none' | 'full' | undefined;
}

export const MILLRACE_OPTIONS = Symbol('millrace options');
/** Before the name of a consumer: token of its options. */
export const CONSUMER_PREFIX = 'millrace consumer ';
