import { connectRedis, FiguresBoard } from '@millrace/cluster';
import { openBrowser } from '@millrace/testing/browser';
import type { Page } from 'playwright-core';
import { figuresView } from '../../apps/api/src/live/figures.view.ts';
import { startPlatform } from '../../apps/cli/src/demo/platform.ts';
import { firstLoadBytes } from '../../tools/first-load.ts';
import { median, printResult } from '../harness/result.ts';
import { fasterApi } from './faster-api.ts';
import { figuresAt, JOBS, LARGE_JOB, registerFleet, SMALL } from './fleet.ts';
import { type Frames, framesOf } from './frames.ts';
import { costOf } from './viewers.ts';

const WARM_UP_MS = 3_000;
const MEASURED_MS = 10_000;
const ROUNDS = 3;
const UPDATES_PER_S = 10;
const VIEWERS = 21;
/** The goals of this bench. */
const GOALS = { firstLoadKB: 250, frameMs: 50, cpuPerViewer: 0.05 };
const NO_NEWS = { snapshots: [], point: undefined };

const pause = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs));

/** What the dashboard costs who looks at it, and the api: 200 jobs whose every figure changes each second, and a graph of 60 vertices. */
export async function run(): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const platform = stack.use(await startPlatform({ workers: 0, show: () => {} }));
  const fleet = await registerFleet(platform.rest);
  const large = fleet.jobs.find(({ name }) => name === LARGE_JOB)!;
  const planOf = (name: string) => (name === LARGE_JOB ? fleet.plan : SMALL);
  const redis = connectRedis(platform.redis.url);
  stack.defer(() => redis.disconnect());
  const board = new FiguresBoard(redis);
  let tick = 0;
  const telling = setInterval(() => {
    tick += 1;
    for (const job of fleet.jobs) void board.tell(figuresAt(job, planOf(job.name), tick), NO_NEWS).catch(() => {});
  }, 1_000);
  stack.defer(() => clearInterval(telling));

  const streams = [`${platform.apiUrl}/api/v1/events`, `${platform.apiUrl}/api/v1/jobs/${LARGE_JOB}/events`];
  await pause(2_000);
  const one = await costOf(1, streams, platform.api.pid!, MEASURED_MS);
  const many = await costOf(VIEWERS, streams, platform.api.pid!, MEASURED_MS);
  const cpuPerViewer = (many.cpu - one.cpu) / (VIEWERS - 1);

  const faster = stack.use(
    await fasterApi(platform.apiUrl, `/api/v1/jobs/${LARGE_JOB}/events`, 1_000 / UPDATES_PER_S, (count) => ({
      event: 'figures',
      data: figuresView(figuresAt(large, fleet.plan, count)),
    })),
  );
  const browser = await openBrowser();
  stack.defer(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1_280, height: 860 } });
  const rounds: { readonly empty: Frames; readonly list: Frames; readonly graph: Frames }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push({
      empty: await look(page, 'about:blank', undefined),
      list: await look(page, `${faster.url}/ui/jobs`, 'tbody tr'),
      graph: await look(page, `${faster.url}/ui/jobs/${LARGE_JOB}`, '.react-flow__node'),
    });
  }
  const of = (page: 'empty' | 'list' | 'graph', figure: keyof Frames): number =>
    median(rounds.map((round) => round[page][figure]));

  const firstLoadKB = Math.round(firstLoadBytes('apps/dashboard/dist') / 1_000);
  printResult(
    {
      bench: 'dashboard',
      ratios: {
        firstLoad: firstLoadKB / GOALS.firstLoadKB,
        listP95: of('list', 'p95') / GOALS.frameMs,
        graphP95: of('graph', 'p95') / GOALS.frameMs,
        cpuPerViewer: cpuPerViewer / GOALS.cpuPerViewer,
      },
      figures: {
        firstLoadKB,
        framesMs: rounds,
        mainThread: { list: of('list', 'mainThread'), graph: of('graph', 'mainThread') },
        jobs: JOBS,
        vertices: fleet.plan.vertices.length,
        edges: fleet.plan.edges.length,
        updatesPerSecond: UPDATES_PER_S,
        updatesSent: faster.sent,
        viewers: VIEWERS,
        apiCpu: { oneViewer: one.cpu, allViewers: many.cpu, perViewer: cpuPerViewer },
        kBPerSecondPerViewer: many.kBPerSecond,
        goals: GOALS,
      },
    },
    { chromium: browser.version() },
  );
}

async function look(page: Page, url: string, drawn: string | undefined): Promise<Frames> {
  await page.goto(url);
  if (drawn !== undefined) await page.locator(drawn).first().waitFor();
  await pause(WARM_UP_MS);
  return framesOf(page, MEASURED_MS);
}
