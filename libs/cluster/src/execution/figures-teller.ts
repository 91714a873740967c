import type { Clock } from '@millrace/kernel';
import type { FiguresNews } from '../figures/figures-board.ts';
import { HistoryRecorder } from '../figures/history.ts';
import type { JobFigures } from '../figures/job-figures.ts';
import { JobMeter } from '../figures/job-meter.ts';
import type { JobStatus } from '../job-status.ts';
import type { Attempt } from './attempt.ts';

export type TellFigures = (figures: JobFigures, news: FiguresNews) => Promise<void>;

/** Reads the counters of an attempt and tells what they mean. */
export class FiguresTeller {
  readonly #parts: { readonly clock: Clock; readonly member: string; readonly tellFigures: TellFigures };
  #attempt: Attempt | undefined;
  #meter!: JobMeter;
  #history!: HistoryRecorder;
  #attempts = 0;

  constructor(parts: { readonly clock: Clock; readonly member: string; readonly tellFigures: TellFigures }) {
    this.#parts = parts;
  }

  /** An attempt has begun. */
  begin(attempt: Attempt): void {
    this.#attempt = attempt;
    this.#meter = new JobMeter(attempt.edges);
    this.#history = new HistoryRecorder();
    this.#attempts += 1;
  }

  async tell(job: { readonly id: string; readonly name: string }, attempt: Attempt, status: JobStatus): Promise<void> {
    const { clock, member, tellFigures } = this.#parts;
    const instances = await attempt.metrics();
    // Another one has begun meanwhile.
    if (attempt !== this.#attempt) return;
    const { snapshot, generation, startedAt } = attempt;
    const at = clock.nowMs();
    const figures: JobFigures = {
      jobId: job.id,
      jobName: job.name,
      status,
      generation,
      startedAt,
      attempts: this.#attempts,
      snapshot: snapshot && { ...snapshot, ageMs: Math.max(0, at - snapshot.takenAt) },
      ...this.#meter.measure(instances, clock.monotonicMs()),
      member,
      at,
    };
    await tellFigures(figures, { snapshots: attempt.takeNews(), point: this.#history.add(figures) });
  }
}
