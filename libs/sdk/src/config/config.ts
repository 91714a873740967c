import type { CreateSchedule, CreateSubscription, DefinitionInput, ModuleJob, Pipeline } from '../client/api-types.ts';

/** All but the name, which is the key it stands under; what the API has a default for may be left out. */
type Unnamed<T extends { readonly name: string }, Required extends keyof T> = Readonly<
  Pick<T, Required> & Partial<Omit<T, Required | 'name'>> & { name?: string | undefined }
>;

/** A source or sink: its type and options. Secrets are references: `${env:NAME}`, `${file:/run/secrets/x}`. */
export type DefinitionConfig = Readonly<Omit<DefinitionInput, 'name'>>;
/** Stages in a document, or an uploaded module. */
export type JobConfig = Unnamed<Pipeline, 'stages'> | Unnamed<Omit<ModuleJob, 'uses'>, 'module'>;
export type SubscriptionConfig = Unnamed<CreateSubscription, 'source' | 'tables'>;

/** A job that is submitted at the ticks of a pattern. `suspended` is left as it is unless it is given. */
export type ScheduleConfig = Unnamed<CreateSchedule, 'template' | 'cron'>;

/** What is to be there, by name. */
export interface Config {
  readonly sources?: Readonly<Record<string, DefinitionConfig>> | undefined;
  readonly sinks?: Readonly<Record<string, DefinitionConfig>> | undefined;
  readonly jobs?: Readonly<Record<string, JobConfig>> | undefined;
  readonly subscriptions?: Readonly<Record<string, SubscriptionConfig>> | undefined;
  readonly schedules?: Readonly<Record<string, ScheduleConfig>> | undefined;
}

/** Gives a configuration its type. */
export const defineConfig = (config: Config): Config => config;

export type Kind = 'source' | 'sink' | 'job' | 'subscription' | 'schedule';

export const SECTIONS = {
  source: 'sources',
  sink: 'sinks',
  job: 'jobs',
  subscription: 'subscriptions',
  schedule: 'schedules',
} as const;
export const KINDS = Object.keys(SECTIONS) as readonly Kind[];

/** The configuration cannot be what is to be: `problems` has every reason, each with its place. */
export class ConfigInvalid extends Error {
  override readonly name = 'ConfigInvalid';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/**
 * Several configurations as one.
 * @throws ConfigInvalid when two say something about one thing
 */
export function mergeConfigs(configs: readonly Config[]): Config {
  const merged: Record<string, Record<string, unknown>> = {};
  const problems: string[] = [];
  for (const config of configs) {
    for (const kind of KINDS) {
      const section = SECTIONS[kind];
      for (const [name, given] of Object.entries(config[section] ?? {})) {
        merged[section] ??= {};
        const there = merged[section];
        if (Object.hasOwn(there, name)) problems.push(`${section}.${name}: is there twice`);
        there[name] = given;
      }
    }
  }
  if (problems.length > 0) throw new ConfigInvalid(problems);
  return merged as Config;
}
