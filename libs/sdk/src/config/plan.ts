import type { Definition, Job } from '../client/api-types.ts';
import type { Api } from '../client/create-client.ts';
import { checkConfig } from './check-config.ts';
import { type Config, ConfigInvalid, KINDS, type Kind, SECTIONS } from './config.ts';
import { type FieldChange, fieldChanges } from './field-changes.ts';
import { type PresentState, readPresentState, readSecretOptions } from './present-state.ts';
import { jobForm, scheduleForm, subscriptionForm, usesOf } from './wanted-state.ts';

/**
 * `change`: in place. `replace`: a job or subscription is ended with its state, slot and dead letters, and made anew. `restart`: a job goes on from
 * its newest snapshot with the sources and sinks as they are then.
 */
export type Action = 'create' | 'change' | 'replace' | 'restart' | 'delete' | 'unchanged';

export interface Step {
  readonly kind: Kind;
  readonly name: string;
  readonly action: Action;
  /** Of `create` and `delete` everything that is there. */
  readonly changes: readonly FieldChange[];
  /** Why a job restarts, or is replaced though its document is the same. */
  readonly because: readonly string[];
  /** Unresolved dead letters that go with a job. */
  readonly deadLetters: number;
  /** What was there when the plan was made; null: nothing. */
  readonly seen: { readonly id: string; readonly version: number } | null;
}

/** What would be done, in that order. Plain data: it can be kept and applied later. */
export interface Plan {
  readonly config: Config;
  readonly prune: boolean;
  readonly steps: readonly Step[];
}

export interface PlanOptions {
  /** Delete what the configuration does not name. Default false: it is left alone. */
  readonly prune?: boolean | undefined;
}

/** Sink of all subscriptions, the platform's own. */
const SUBSCRIPTION_SINK_TYPE = 'subscription';
/** A document never changes under its id. */
const NO_VERSION = 0;
const NOTHING = { changes: [], because: [], deadLetters: 0 } as const;

/**
 * What differs between a configuration and what the API has. Changes nothing; needs the role viewer.
 * @throws ConfigInvalid, ApiProblem
 */
export async function plan(api: Api, config: Config, { prune = false }: PlanOptions = {}): Promise<Plan> {
  checkConfig(config, await readSecretOptions(api));
  const present = await readPresentState(api);
  checkAgainst(config, present);
  const definitions = (['source', 'sink'] as const).flatMap((kind) => definitionSteps(kind, config, present));
  const jobs = jobSteps(config, present);
  const subscriptions = subscriptionSteps(config, present);
  const made = [...jobs, ...subscriptions];
  const restarts = withRestarts(made, definitions, present, prune);
  const steps = [...definitions, ...restarts, ...scheduleSteps(config, present)];
  return { config, prune, steps: prune ? [...steps, ...deletions(config, present)] : steps };
}

/** What is not possible with what is there. @throws ConfigInvalid */
function checkAgainst(config: Config, present: PresentState): void {
  const problems: string[] = [];
  for (const kind of ['source', 'sink'] as const) {
    for (const [name, { type }] of Object.entries(config[SECTIONS[kind]] ?? {})) {
      const there = present[kind].get(name)?.type;
      if (there !== undefined && there !== type)
        problems.push(`${SECTIONS[kind]}.${name}: is of type ${there}, which cannot become ${type}; take another name`);
    }
  }
  for (const name of Object.keys(config.jobs ?? {}))
    if (present.subscription.has(name))
      problems.push(`jobs.${name}: is a subscription there; delete that, or take another name`);
  for (const name of Object.keys(config.subscriptions ?? {}))
    if (present.job.has(name) && !present.subscription.has(name))
      problems.push(`subscriptions.${name}: is a job there; delete that, or take another name`);
  if (problems.length > 0) throw new ConfigInvalid(problems);
}

function definitionSteps(kind: 'source' | 'sink', config: Config, present: PresentState): readonly Step[] {
  return Object.entries(config[SECTIONS[kind]] ?? {}).map(([name, { type, config: options }]): Step => {
    const there = present[kind].get(name);
    const before = there === undefined ? {} : formOf(there);
    const changes = fieldChanges(before, { type, config: options });
    const action = there === undefined ? 'create' : changes.length > 0 ? 'change' : 'unchanged';
    return { ...NOTHING, kind, name, action, changes, seen: there === undefined ? null : seenOf(there) };
  });
}

const formOf = ({ type, config }: Definition) => ({ type, config });
const seenOf = ({ id, version }: Pick<Definition, 'id' | 'version'>) => ({ id, version });

function jobSteps(config: Config, present: PresentState): readonly Step[] {
  return Object.entries(config.jobs ?? {}).map(([name, given]) => {
    const there = present.job.get(name);
    return jobStep('job', name, jobForm(given), there === undefined ? undefined : jobForm(there.document), there);
  });
}

function subscriptionSteps(config: Config, present: PresentState): readonly Step[] {
  return Object.entries(config.subscriptions ?? {}).map(([name, given]) => {
    const there = present.subscription.get(name);
    const before = there === undefined ? undefined : subscriptionForm(there);
    return jobStep('subscription', name, subscriptionForm(given), before, there);
  });
}

function scheduleSteps(config: Config, present: PresentState): readonly Step[] {
  return Object.entries(config.schedules ?? {}).map(([name, given]): Step => {
    const there = present.schedule.get(name);
    const before = there === undefined ? {} : scheduleForm(there, given);
    const changes = fieldChanges(before, scheduleForm(given, given));
    const action = there === undefined ? 'create' : changes.length > 0 ? 'change' : 'unchanged';
    return { ...NOTHING, kind: 'schedule', name, action, changes, seen: there === undefined ? null : seenOf(there) };
  });
}

function jobStep(
  kind: 'job' | 'subscription',
  name: string,
  after: object,
  before: object | undefined,
  there: Pick<Job, 'id' | 'desired' | 'deadLetters'> | undefined,
): Step {
  const changes = fieldChanges(before ?? {}, after);
  if (there === undefined) return { ...NOTHING, kind, name, action: 'create', changes, seen: null };
  const seen = { id: there.id, version: NO_VERSION };
  const because = there.desired === 'cancelled' ? ['it was cancelled'] : [];
  if (changes.length === 0 && because.length === 0)
    return { ...NOTHING, kind, name, action: 'unchanged', changes, seen };
  return { kind, name, action: 'replace', changes, because, deadLetters: lettersOf(there), seen };
}

const lettersOf = ({ deadLetters: { open, replaying } }: Pick<Job, 'deadLetters'>): number => open + replaying;

/** Jobs that run with a source or sink as it was: those of the configuration, and all others that use what it changes. */
function withRestarts(
  steps: readonly Step[],
  definitions: readonly Step[],
  present: PresentState,
  prune: boolean,
): readonly Step[] {
  const rest = new Map(steps.map((step) => [step.name, step]));
  const all: Step[] = [];
  for (const job of present.job.values()) {
    const step = rest.get(job.name);
    if (step === undefined && prune) continue;
    const because = reasonsToRestart(job, definitions, present);
    if (because.length === 0 || (step !== undefined && step.action !== 'unchanged')) continue;
    const kind = present.subscription.has(job.name) ? 'subscription' : 'job';
    const seen = { id: job.id, version: NO_VERSION };
    rest.delete(job.name);
    all.push({ kind, name: job.name, action: 'restart', changes: [], because, deadLetters: 0, seen });
  }
  return [...rest.values(), ...all];
}

function reasonsToRestart(job: Job, definitions: readonly Step[], present: PresentState): readonly string[] {
  const isRunning = job.desired === 'running' && job.status !== 'COMPLETED' && job.status !== 'FAILED';
  if (!isRunning || job.executionStartedAt === null) return [];
  const startedAt = Date.parse(job.executionStartedAt);
  const uses = usesOf(job.document);
  return definitions.flatMap(({ kind, name, action }) => {
    if (!uses.has(`${kind} ${name}`)) return [];
    if (action === 'change') return [`${kind} ${name} changes`];
    const changedAt = present[kind as 'source' | 'sink'].get(name)?.updatedAt;
    const isOlder = changedAt !== undefined && startedAt < Date.parse(changedAt);
    return isOlder ? [`${kind} ${name} has changed since it started`] : [];
  });
}

/** To a schedule that stays. */
const belongs = ({ schedule }: Job, { schedules = {} }: Config): boolean =>
  schedule !== null && Object.hasOwn(schedules, schedule);

/** Jobs and subscriptions before the sources and sinks that they use. The jobs of a schedule are its own. */
function deletions(config: Config, present: PresentState): readonly Step[] {
  return [...KINDS].reverse().flatMap((kind) => {
    const unnamed = [...present[kind].values()].filter(
      ({ name }) => !Object.hasOwn(config[SECTIONS[kind]] ?? {}, name),
    );
    return unnamed.flatMap((there): Step[] => {
      if ('document' in there && (present.subscription.has(there.name) || belongs(there, config))) return [];
      if (kind === 'sink' && 'config' in there && there.type === SUBSCRIPTION_SINK_TYPE) return [];
      const step = { kind, name: there.name, action: 'delete', because: [] } as const;
      if ('cron' in there)
        return [
          { ...step, changes: fieldChanges(scheduleForm(there, there), {}), deadLetters: 0, seen: seenOf(there) },
        ];
      if ('config' in there)
        return [{ ...step, changes: fieldChanges(formOf(there), {}), deadLetters: 0, seen: seenOf(there) }];
      const before = 'document' in there ? jobForm(there.document) : subscriptionForm(there);
      const seen = { id: there.id, version: NO_VERSION };
      return [{ ...step, changes: fieldChanges(before, {}), deadLetters: lettersOf(there), seen }];
    });
  });
}
