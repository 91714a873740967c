import { Catalog, type Job } from '@millrace/catalog';
import type { JobFigures } from '@millrace/cluster';
import { systemClock } from '@millrace/kernel';
import { Injectable } from '@nestjs/common';
import { errorView, runView } from '../../jobs/job.view.ts';
import { Executions } from '../../queue/executions.ts';
import { figuresView, isoTime, snapshotView } from '../figures.view.ts';
import type { StreamEvent } from '../stream/event-stream.ts';
import { SharedPoll } from '../stream/shared-poll.ts';
import { executionView } from './execution.view.ts';

const LOOK_MS = 1_000;

/** What is known of one job at one time; texts are JSON, made once for all viewers. */
export interface JobState {
  readonly at: string;
  readonly id: string;
  /** `undefined`: deleted. */
  readonly job: string | undefined;
  readonly figures: JobFigures | undefined;
  readonly figuresText: string | undefined;
  readonly executions: string;
}

/** One poll for each job that somebody looks at. */
@Injectable()
export class JobFeeds {
  readonly #feeds = new Map<string, SharedPoll<JobState>>();

  constructor(
    private readonly catalog: Catalog,
    private readonly executions: Executions,
  ) {}

  /** Jobs that somebody looks at. */
  get count(): number {
    return this.#feeds.size;
  }

  /** The poll of a job; tell `left` when a viewer has gone. */
  of(jobId: string): SharedPoll<JobState> {
    const known = this.#feeds.get(jobId);
    if (known !== undefined) return known;
    let seen: { readonly key: string; readonly text: string } | undefined;
    const read = async (): Promise<JobState> => {
      const at = isoTime(systemClock.nowMs());
      const [job, figures] = await Promise.all([
        this.catalog.jobs.find(jobId),
        this.executions.asked(this.executions.board.figures(jobId)),
      ]);
      // The list of executions is another one only when one of these is.
      const key = `${job?.generation}/${job?.status}/${job?.updatedAt.getTime()}`;
      if (seen?.key !== key) {
        const items = (await this.catalog.executions.list(jobId)).map(executionView);
        seen = { key, text: JSON.stringify({ items }) };
      }
      return {
        at,
        id: jobId,
        job: job && JSON.stringify(stateView(job)),
        figures,
        figuresText: figures && JSON.stringify(figuresView(figures)),
        executions: seen.text,
      };
    };
    const feed = new SharedPoll(read, LOOK_MS, systemClock);
    this.#feeds.set(jobId, feed);
    return feed;
  }

  left(jobId: string): void {
    if (this.#feeds.get(jobId)?.hasListeners === false) this.#feeds.delete(jobId);
  }
}

const stateView = (job: Job) => ({
  id: job.id,
  name: job.name,
  status: job.status,
  desired: job.desired,
  generation: job.generation,
  error: errorView(job),
  executionStartedAt: job.executionStartedAt?.toISOString() ?? null,
  ...runView(job),
  updatedAt: job.updatedAt.toISOString(),
  version: job.version,
});

/** For one viewer: what has become different for him since the state before. */
export class JobChanges {
  #job: string | undefined;
  #executions: string | undefined;
  #figuresAt: number | undefined;
  #snapshot: string | undefined;
  #wasRunning: boolean | undefined;

  next({ at, id, job, figures, figuresText, executions }: JobState): readonly StreamEvent[] {
    const events: StreamEvent[] = [];
    const add = (event: string, data: string): void => void events.push({ event, data, id: at });
    if (job === undefined) return [{ event: 'deleted', data: JSON.stringify({ id }), id: at }];
    if (job !== this.#job) add('job', job);
    if (executions !== this.#executions) add('executions', executions);
    if (figures !== undefined && figures.at !== this.#figuresAt) {
      const snapshot = figures.snapshot && `${figures.snapshot.generation}/${figures.snapshot.id}`;
      if (snapshot !== undefined && snapshot !== this.#snapshot)
        add('snapshot', JSON.stringify(snapshotView(figures.snapshot!)));
      add('figures', figuresText!);
      this.#snapshot = snapshot;
    }
    if (figures === undefined && this.#wasRunning !== false) add('nobody', JSON.stringify({ since: at }));
    this.#job = job;
    this.#executions = executions;
    this.#figuresAt = figures?.at;
    this.#wasRunning = figures !== undefined;
    return events;
  }
}
