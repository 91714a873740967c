import type { Job, UnresolvedCounts } from '@millrace/catalog';
import { errorCode, MillraceError } from '@millrace/kernel';
import { jobView } from '../jobs/job.view.ts';
import type { CreateSubscription, SubscriptionView } from './subscription.schemas.ts';

/** The registered sink that all subscriptions end in; made with the first. */
export const SUBSCRIPTION_SINK = 'millrace-subscriptions';
export const SUBSCRIPTION_TYPE = 'subscription';

const NotASubscription = errorCode('subscription.unknown', {
  domain: 'user',
  retry: 'never',
  title: 'No such subscription',
});

const SOURCE_STAGE = 'changes';
const FILTER_STAGE = 'wanted';
const SINK_STAGE = 'events';

interface Stages {
  readonly [SOURCE_STAGE]: Pick<CreateSubscription, 'source' | 'tables' | 'initialLoad'>;
  readonly [FILTER_STAGE]?: { readonly filter: string };
  readonly [SINK_STAGE]: Pick<CreateSubscription, 'operations' | 'partitions' | 'backlog'> & { readonly sink: string };
}

/** The job of a subscription; nothing else is kept of it. */
export function documentOf(given: CreateSubscription): Readonly<Record<string, unknown>> {
  const { name, source, tables, operations, filter, initialLoad, partitions, backlog } = given;
  const wanted = filter === undefined ? {} : { [FILTER_STAGE]: { input: SOURCE_STAGE, filter } };
  const input = filter === undefined ? SOURCE_STAGE : FILTER_STAGE;
  return {
    name,
    stages: {
      [SOURCE_STAGE]: { source, tables, initialLoad },
      ...wanted,
      [SINK_STAGE]: { input, sink: SUBSCRIPTION_SINK, operations, partitions, backlog },
    },
  };
}

/** The stages of the job of a subscription. @throws MillraceError `subscription.unknown` for another job */
export function stagesOf({ name, document }: Pick<Job, 'name' | 'document'>): Stages {
  const stages = document.stages as Partial<Stages> | undefined;
  if (stages?.[SOURCE_STAGE] !== undefined && stages[SINK_STAGE]?.sink === SUBSCRIPTION_SINK) return stages as Stages;
  throw unknownSubscription(name, `${name} is a job, and not one of a subscription`);
}

export const unknownSubscription = (name: string, message: string): MillraceError =>
  new MillraceError(NotASubscription, {
    message,
    mend: 'GET /api/v1/subscriptions lists those there are; POST makes one.',
    details: { name },
  });

export function subscriptionView(job: Job, letters?: UnresolvedCounts): SubscriptionView {
  const stages = stagesOf(job);
  const { source, tables, initialLoad } = stages[SOURCE_STAGE];
  const { operations, partitions, backlog } = stages[SINK_STAGE];
  const filter = stages[FILTER_STAGE]?.filter;
  const { id, name, status, desired, error, createdAt, deadLetters } = jobView(job, { letters });
  return {
    id,
    name,
    source,
    tables,
    operations,
    ...(filter === undefined ? {} : { filter }),
    initialLoad,
    partitions,
    backlog,
    status,
    desired,
    error,
    createdAt,
    deadLetters,
  };
}

export const partitionsOf = (job: Pick<Job, 'name' | 'document'>): number => stagesOf(job)[SINK_STAGE].partitions;
