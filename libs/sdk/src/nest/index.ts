export { ChangeConsumers, type ConsumerState } from './change-consumers.ts';
export { ChangeContext } from './change-context.ts';
export { SubscriptionDiffers } from './ensure-subscription.ts';
export { HandlersInvalid } from './handlers.ts';
export { MillraceModule } from './millrace.module.ts';
export { OnChange, type OnChangeOptions } from './on-change.decorator.ts';
export type {
  ConsumerOptions,
  MillraceModuleAsyncOptions,
  MillraceModuleOptions,
  MillraceOptionsFactory,
} from './options.ts';
export type { TableClass } from './table-class.ts';
