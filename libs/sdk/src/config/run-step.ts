import { wait } from '../changes/wait.ts';
import { ApiProblem } from '../client/api-problem.ts';
import type { CreateSchedule, CreateSubscription, Pipeline, SchedulePatch } from '../client/api-types.ts';
import type { Api } from '../client/create-client.ts';
import { isObject } from './check-config.ts';
import { type Config, SECTIONS } from './config.ts';
import { canonical } from './field-changes.ts';
import type { Step } from './plan.ts';
import { jobForm, scheduleForm } from './wanted-state.ts';

type Fields = Readonly<Record<string, unknown>>;

/** How long a job that was cancelled has to end: `END_LOOKS_MAX` looks. */
const END_LOOKS_MAX = 300;
const LOOK_AGAIN_MS = 200;

/** A document that cannot be is found before anything is touched. @throws ApiProblem */
export async function checkDocument(api: Api, config: Config, { kind, name, action }: Step): Promise<void> {
  if (kind === 'job' && (action === 'create' || action === 'replace'))
    await api.POST('/api/v1/jobs/plan', { body: documentOf(config, name) });
}

/** @throws ApiProblem */
export async function runStep(api: Api, config: Config, step: Step): Promise<void> {
  switch (step.action) {
    case 'create':
      return create(api, config, step);
    case 'change':
      return change(api, config, step);
    case 'replace':
      await remove(api, step);
      return create(api, config, step);
    case 'restart':
      return restart(api, step);
    case 'delete':
      return remove(api, step);
    case 'unchanged':
      return;
  }
}

/** One of a module is no pipeline; the API takes it too. */
const documentOf = (config: Config, name: string): Pipeline =>
  ({ ...jobForm(config.jobs![name]!), name }) as unknown as Pipeline;

async function create(api: Api, config: Config, { kind, name }: Step): Promise<void> {
  if (kind === 'job') await api.POST('/api/v1/jobs', { body: documentOf(config, name) });
  else if (kind === 'subscription') {
    const body = { ...config.subscriptions![name]!, name } as CreateSubscription;
    await api.POST('/api/v1/subscriptions', { body });
  } else if (kind === 'schedule') {
    const body = { ...config.schedules![name]!, name } as CreateSchedule;
    await api.POST('/api/v1/schedules', { body });
  } else {
    const { type, config: options } = config[SECTIONS[kind]]![name]!;
    await api.POST(`/api/v1/${SECTIONS[kind]}`, { body: { name, type, config: options } });
  }
}

async function change(api: Api, config: Config, { kind, name, seen }: Step): Promise<void> {
  if (kind === 'schedule') return changeSchedule(api, config, name, seen!);
  if (kind !== 'source' && kind !== 'sink') return;
  const route = `/api/v1/${SECTIONS[kind]}/{id}` as const;
  const path = { id: seen!.id };
  const { data } = await api.GET(route, { params: { path } });
  const wanted = config[SECTIONS[kind]]![name]!.config;
  await api.PATCH(route, {
    params: { path },
    headers: { 'if-match': `"${seen!.version}"` },
    body: { config: mergePatchOf(data!.config, wanted) },
  });
}

async function changeSchedule(api: Api, config: Config, name: string, seen: NonNullable<Step['seen']>): Promise<void> {
  const params = { path: { id: seen.id } };
  const { data } = await api.GET('/api/v1/schedules/{id}', { params });
  const wanted = config.schedules![name]!;
  const body = mergePatchOf(scheduleForm(data!, wanted), scheduleForm(wanted, wanted)) as SchedulePatch;
  await api.PATCH('/api/v1/schedules/{id}', { params, headers: { 'if-match': `"${seen.version}"` }, body });
}

/** The merge patch (RFC 7396) that makes `after` of `before`. Null removes. */
function mergePatchOf(before: Fields, after: Fields): Fields {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  const patch: Record<string, unknown> = {};
  for (const name of names) {
    const [was, is] = [before[name], after[name]];
    if (is === undefined) patch[name] = null;
    else if (isObject(was) && isObject(is)) patch[name] = mergePatchOf(was, is);
    else if (canonical(was) !== canonical(is)) patch[name] = is;
  }
  return patch;
}

/** Only while it is wanted running: a job that somebody has suspended sees the change when it goes on. */
async function restart(api: Api, { seen }: Step): Promise<void> {
  const params = { path: { id: seen!.id } };
  const { data } = await api.GET('/api/v1/jobs/{id}', { params });
  if (data!.desired === 'running') await api.POST('/api/v1/jobs/{id}/restart', { params });
}

async function remove(api: Api, { kind, seen }: Step): Promise<void> {
  const { id, version } = seen!;
  const params = { path: { id } };
  await unlessGone(async () => {
    if (kind === 'subscription') await api.DELETE('/api/v1/subscriptions/{id}', { params });
    else if (kind === 'job') await endAndDelete(api, id);
    else await api.DELETE(`/api/v1/${SECTIONS[kind]}/{id}`, { params, headers: { 'if-match': `"${version}"` } });
  });
}

async function endAndDelete(api: Api, id: string): Promise<void> {
  const params = { path: { id } };
  const { data } = await api.GET('/api/v1/jobs/{id}', { params });
  if (data!.status !== 'COMPLETED') await api.POST('/api/v1/jobs/{id}/cancel', { params });
  for (let looks = 1; ; looks++) {
    try {
      await api.DELETE('/api/v1/jobs/{id}', { params });
      return;
    } catch (error) {
      const isActive = error instanceof ApiProblem && error.code === 'job.active';
      if (!isActive || looks === END_LOOKS_MAX) throw error;
      await wait(LOOK_AGAIN_MS, undefined, true);
    }
  }
}

/** A deletion whose answer got lost finds nothing the second time. */
async function unlessGone(deletion: () => Promise<void>): Promise<void> {
  try {
    await deletion();
  } catch (error) {
    if (!(error instanceof ApiProblem) || error.problem.status !== 404) throw error;
  }
}
