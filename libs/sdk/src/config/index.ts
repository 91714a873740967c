export { type ApplyOptions, apply } from './apply.ts';
export { ApplyFailed, PlanStale, ReplaceNotAllowed } from './apply-errors.ts';
export {
  type Config,
  ConfigInvalid,
  type DefinitionConfig,
  defineConfig,
  type JobConfig,
  type Kind,
  mergeConfigs,
  type ScheduleConfig,
  type SubscriptionConfig,
} from './config.ts';
export type { FieldChange } from './field-changes.ts';
export { type Action, type Plan, type PlanOptions, plan, type Step } from './plan.ts';
