import type { Job, Schedule, Subscription } from '../client/api-types.ts';
import { isObject } from './check-config.ts';
import type { JobConfig, Kind, ScheduleConfig, SubscriptionConfig } from './config.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What the API fills in where a document leaves it out; a plan after an apply shows nothing, which a test holds to. */
const JOB_DEFAULTS = { guarantee: 'exactly-once', snapshotInterval: '1s' };
const MODULE_DEFAULTS = { export: 'default' };
const SUBSCRIPTION_DEFAULTS = {
  operations: ['read', 'insert', 'update', 'delete'],
  initialLoad: 'none',
  partitions: 32,
  backlog: 100_000,
};

const SCHEDULE_DEFAULTS = { timeZone: 'UTC', overlap: 'skip', missed: 'latest', deadline: '1h', keep: 10 };

const sorted = (list: unknown): unknown => (Array.isArray(list) ? list.map(String).sort() : list);

/** A job document with everything that counts, and without its name. */
export function jobForm(given: JobConfig | Job['document']): Fields {
  const { name: _, uses: __, ...rest } = given as Fields;
  return { ...JOB_DEFAULTS, ...('module' in rest ? MODULE_DEFAULTS : {}), ...withoutAbsent(rest) };
}

/** The same of a subscription; tables and operations are sets. */
export function subscriptionForm(given: SubscriptionConfig | Subscription): Fields {
  const { source, tables, operations, filter, initialLoad, partitions, backlog } = given;
  const form: Fields = {
    ...SUBSCRIPTION_DEFAULTS,
    ...withoutAbsent({ source, tables, operations, filter, initialLoad, partitions, backlog }),
  };
  return { ...form, tables: sorted(form['tables']), operations: sorted(form['operations']) };
}

/** The same of a schedule; whether it is suspended counts where the configuration says so. */
export function scheduleForm(given: ScheduleConfig | Schedule, wanted: ScheduleConfig): Fields {
  const { template, cron, timeZone, overlap, missed, deadline, keep } = given;
  const suspended = wanted.suspended === undefined ? undefined : given.suspended;
  return {
    ...SCHEDULE_DEFAULTS,
    ...withoutAbsent({ template, cron, timeZone, overlap, missed, deadline, keep, suspended }),
  };
}

const withoutAbsent = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

/** Registered sources and sinks that a job names: in stages, look-ups, and where it copies dead letters to. As `kind name`. */
export function usesOf(document: Fields): ReadonlySet<string> {
  const found = new Set<string>();
  const add = (kind: Kind, name: unknown): void => {
    if (typeof name === 'string') found.add(`${kind} ${name}`);
  };
  const { uses, stages } = document;
  for (const use of Array.isArray(uses) ? uses : []) if (isObject(use)) add(use['role'] as Kind, use['definition']);
  for (const stage of Object.values(isObject(stages) ? stages : {})) {
    if (!isObject(stage)) continue;
    const { source, sink, enrich, onError } = stage;
    add('source', source);
    add('sink', sink);
    if (isObject(enrich)) add('source', enrich['source']);
    if (isObject(onError) && isObject(onError['copyTo'])) add('sink', onError['copyTo']['sink']);
  }
  return found;
}
