import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { ChangeConsumers } from './change-consumers.ts';
import {
  CONSUMER_PREFIX,
  type ConsumerOptions,
  MILLRACE_OPTIONS,
  type MillraceModuleAsyncOptions,
  type MillraceModuleOptions,
  type MillraceOptionsFactory,
} from './options.ts';

/** Calls the `@OnChange` methods of the application. Once in the application, with `forRoot` or `forRootAsync`. */
@Module({})
// biome-ignore lint/complexity/noStaticOnlyClass: as Nest has its modules
export class MillraceModule {
  static forRoot(options: MillraceModuleOptions): DynamicModule {
    return rootModule([{ provide: MILLRACE_OPTIONS, useValue: options }]);
  }

  static forRootAsync({
    imports = [],
    inject,
    useFactory,
    useClass,
    useExisting,
  }: MillraceModuleAsyncOptions): DynamicModule {
    if (useFactory !== undefined)
      return rootModule([{ provide: MILLRACE_OPTIONS, useFactory, inject: inject ?? [] }], imports);
    const factory = useExisting ?? useClass;
    if (factory === undefined) throw new Error('forRootAsync needs useFactory, useClass or useExisting');
    const options: Provider = {
      provide: MILLRACE_OPTIONS,
      useFactory: (made: MillraceOptionsFactory) => made.createMillraceOptions(),
      inject: [factory],
    };
    return rootModule(
      useExisting === undefined ? [{ provide: factory, useClass: factory }, options] : [options],
      imports,
    );
  }

  /** How consumers of a feature work: concurrency, retries, filter. One that is not named here works as usual. */
  static forFeature(...consumers: readonly ConsumerOptions[]): DynamicModule {
    return {
      module: MillraceModule,
      providers: consumers.map((options) => ({
        provide: `${CONSUMER_PREFIX}${options.consumer}`,
        useValue: options,
      })),
    };
  }
}

const rootModule = (
  providers: Provider[],
  imports: NonNullable<MillraceModuleAsyncOptions['imports']> = [],
): DynamicModule => ({
  module: MillraceModule,
  global: true,
  imports: [DiscoveryModule, ...imports],
  providers: [...providers, ChangeConsumers],
  exports: [ChangeConsumers],
});
