import { type JobFigures, type VertexFigures } from '@millrace/cluster';
import type { RestClient } from '../../apps/cli/src/rest-client.ts';

export const JOBS = 200;
export const LARGE_JOB = 'large';
/** Branches of the large job; each is three vertices. */
const BRANCHES = 20;

interface Plan {
  readonly vertices: readonly { readonly name: string }[];
  readonly edges: readonly { readonly from: string; readonly to: string }[];
}

export interface Fleet {
  readonly jobs: readonly { readonly id: string; readonly name: string }[];
  readonly plan: Plan;
}

const largeJob = {
  name: LARGE_JOB,
  stages: {
    orders: { source: 'shop', tables: ['public.orders'] },
    ...Object.fromEntries(
      Array.from({ length: BRANCHES }, (_, branch) => [
        [`by_${branch}`, { input: 'orders', groupBy: ['after.customer_id'], aggregate: { total: 'sum(after.total)' } }],
        [`store_${branch}`, { input: `by_${branch}`, sink: 'warehouse', table: `totals_${branch}`, mode: 'upsert' }],
      ]).flat(),
    ),
  },
};

/** Registers jobs that nobody runs, one of them large. */
export async function registerFleet(rest: RestClient): Promise<Fleet> {
  const config = { host: '127.0.0.1', database: 'none', user: 'nobody' };
  await rest.post('sources', { name: 'shop', type: 'postgres', config });
  await rest.post('sinks', { name: 'warehouse', type: 'jdbc', config });
  const jobs: { id: string; name: string }[] = [];
  for (let number = 1; number < JOBS; number++) {
    jobs.push(
      await rest.post('jobs?check=false', {
        name: `orders-${number}`,
        stages: {
          orders: { source: 'shop', tables: ['public.orders'] },
          copy: { input: 'orders', sink: 'warehouse', table: `orders_${number}`, mode: 'upsert' },
        },
      }),
    );
  }
  jobs.push(await rest.post('jobs?check=false', largeJob));
  return { jobs, plan: await rest.post('jobs/plan', largeJob) };
}

/** Between 0 and 1, another for each tick. */
const wave = (tick: number, of: number): number => 0.5 + 0.5 * Math.sin(tick * 0.7 + of * 1.3);

function vertexAt(name: string, index: number, tick: number, plan: Plan): VertexFigures {
  const perSecond = 500 + Math.round(20_000 * wave(tick, index));
  return {
    vertex: name,
    instances: 2,
    isSource: !plan.edges.some(({ to }) => to === name),
    isSink: !plan.edges.some(({ from }) => from === name),
    rowsIn: tick * 10_000,
    rowsOut: tick * 10_000,
    rowsInPerSecond: perSecond,
    rowsOutPerSecond: perSecond,
    busyMs: tick * 100,
    busy: wave(tick, index),
    blocked: wave(tick + 1, index),
    queueFill: wave(tick, index + 1),
    watermarkMs: undefined,
    stateBytes: 1_000 * tick,
    keys: tick,
    deadLetters: 0,
    custom: { lagMs: tick },
  };
}

/** What a member would tell of a job, another for each tick: every figure has changed. */
export function figuresAt(job: { readonly id: string; readonly name: string }, plan: Plan, tick: number): JobFigures {
  const now = Date.now();
  const index = job.id.charCodeAt(job.id.length - 1);
  const perSecond = Math.round(10_000 * wave(tick, index));
  return {
    jobId: job.id,
    jobName: job.name,
    status: 'RUNNING',
    generation: 1,
    startedAt: now - 60_000,
    attempts: 1,
    snapshot: {
      id: tick,
      generation: 1,
      takenAt: now - 500,
      durationMs: 12,
      alignMs: 5,
      writeMs: 4,
      commitMs: 3,
      bytes: 2_048,
      ageMs: 500,
    },
    flow: { in: tick * 10_000, out: tick * 10_000, inPerSecond: perSecond, outPerSecond: perSecond },
    lag: { of: 'sink', nowMs: 20 + tick, p50Ms: 21 + perSecond / 1_000, p99Ms: 80 + perSecond / 500, bytes: undefined },
    vertices: plan.vertices.map(({ name }, at) => vertexAt(name, at, tick, plan)),
    edges: plan.edges.map(({ from, to }, edge) => ({
      edge,
      from,
      to,
      rows: tick * 10_000,
      rowsPerSecond: 500 + Math.round(20_000 * wave(tick, edge)),
      queuedRows: 100,
      queueRowsMax: 8_192,
      fill: wave(tick, edge),
    })),
    member: 'bench:1',
    at: now,
  };
}

/** The plan of the small ones. */
export const SMALL: Plan = {
  vertices: [{ name: 'orders' }, { name: 'copy' }],
  edges: [{ from: 'orders', to: 'copy' }],
};
