import type { JobFigures, MemberFacts } from '@millrace/cluster';
import { Counter, Gauge, Registry } from 'prom-client';
import { figuresView } from '../figures.view.ts';
import type { FleetState } from '../overview/fleet.ts';
import { EDGE_FAMILIES, type Family, JOB_FAMILIES, VERTEX_FAMILIES } from './families.ts';

/** Jobs with metrics of their own; of more only the first by name. */
export const METRIC_JOBS_MAX = 1_000;
/** Vertices and edges of a job with metrics of their own. */
const PARTS_MAX = 200;
const MS_PER_S = 1_000;

type Labels = Readonly<Record<string, string>>;

/** Samples of one scrape, in a registry of its own: what is gone leaves no sample behind. */
class Page {
  readonly registry = new Registry();
  readonly #metrics = new Map<string, Counter | Gauge>();

  add({ name, help, type }: Pick<Family<never>, 'name' | 'help' | 'type'>, labels: Labels, value: number | null): void {
    if (value === null || !Number.isFinite(value)) return;
    let metric = this.#metrics.get(name);
    if (metric === undefined) {
      const configuration = { name, help, labelNames: Object.keys(labels), registers: [this.registry] };
      metric = type === 'counter' ? new Counter(configuration) : new Gauge(configuration);
      this.#metrics.set(name, metric);
    }
    metric.inc(labels, value);
  }

  gauge(name: string, help: string, labels: Labels, value: number | null): void {
    this.add({ name, help, type: 'gauge' }, labels, value);
  }

  all<Subject>(families: readonly Family<Subject>[], prefix: string, labels: Labels, subject: Subject): void {
    for (const { read, ...family } of families) {
      this.add({ ...family, name: `${prefix}_${family.name}` }, labels, read(subject));
    }
  }
}

/** The same figures as the streams', as Prometheus reads them. */
export function metricsPage(
  fleet: FleetState,
  figures: readonly JobFigures[],
  members: readonly MemberFacts[],
): Registry {
  const page = new Page();
  for (const [status, count] of Object.entries(fleet.totals.byStatus))
    page.gauge('millrace_jobs', 'Jobs by status.', { status }, count);
  const jobs = fleet.jobs.slice(0, METRIC_JOBS_MAX);
  page.gauge('millrace_jobs_without_metrics', 'Jobs beyond the limit.', {}, fleet.jobs.length - jobs.length);
  for (const { code, severity } of fleet.problems)
    page.gauge('millrace_problems', 'What is wrong now, by code.', { code, severity }, 1);
  for (const { name: job, member, restarts, deadLetters } of jobs) {
    page.gauge('millrace_job_running', '1: a worker runs it.', { job }, member === null ? 0 : 1);
    page.gauge('millrace_job_restarts_day', 'Executions that failed or were lost within a day.', { job }, restarts);
    page.gauge('millrace_job_dead_letters_open', 'Records set aside that nobody has resolved.', { job }, deadLetters);
  }
  const names = new Map(jobs.map(({ id, name }) => [id, name]));
  for (const each of figures) {
    const job = names.get(each.jobId);
    if (job !== undefined) ofJob(page, job, each);
  }
  page.gauge('millrace_members', 'Workers that are there.', {}, members.length);
  for (const member of members) ofMember(page, member);
  return page.registry;
}

function ofJob(page: Page, job: string, told: JobFigures): void {
  const figures = figuresView(told);
  page.all(JOB_FAMILIES, 'millrace_job', { job }, figures);
  const { of, p50Ms, p99Ms, nowMs } = figures.lag;
  for (const [quantile, ms] of [
    ['0.5', p50Ms ?? (of === 'source' ? nowMs : null)],
    ['0.99', p99Ms],
  ] as const) {
    const help =
      'From commit at the source to commit at the sink, last minute (of="sink"), or how far the source is behind.';
    page.gauge('millrace_job_lag_seconds', help, { job, of, quantile }, ms === null ? null : ms / MS_PER_S);
  }
  for (const vertex of figures.vertices.slice(0, PARTS_MAX))
    page.all(VERTEX_FAMILIES, 'millrace_vertex', { job, vertex: vertex.vertex }, vertex);
  for (const edge of figures.edges.slice(0, PARTS_MAX)) {
    const labels = { job, edge: String(edge.edge), from: edge.from, to: edge.to };
    page.all(EDGE_FAMILIES, 'millrace_edge', labels, edge);
  }
}

function ofMember(page: Page, facts: MemberFacts): void {
  const labels = { member: facts.name };
  const add = (name: string, help: string, value: number): void =>
    page.gauge(`millrace_member_${name}`, help, labels, value);
  add('jobs', 'Jobs it runs.', facts.jobs.length);
  add('threads', 'Threads of its engine.', facts.threads);
  add('heap_used_bytes', 'Heap of its main thread in use.', facts.heapUsedBytes);
  add('rss_bytes', 'Memory of the process.', facts.rssBytes);
  add('cpu_cores', 'Cores it used in the last second.', facts.cpu);
  add('event_loop_delay_p99_seconds', 'How late its event loop was.', facts.eventLoopP99Ms / MS_PER_S);
}
