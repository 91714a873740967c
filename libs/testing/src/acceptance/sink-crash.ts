import { MillraceError, systemClock } from '@millrace/kernel';
import type { DriveOptions, SavedSnapshot } from '../drivers/driven-processor.ts';
import { DrivenSink } from '../drivers/driven-sink.ts';
import type { SinkDriver, SinkTarget } from './sink-driver.ts';
import { insertBatches } from './test-rows.ts';

/** When an execution stops being called: its process was paused, or is gone. */
export const MOMENTS = [
  'before write',
  'during write',
  'after write',
  'during prepare',
  'after prepare',
  'after record',
  'during commit',
  'after commit',
] as const;

/** When it goes on: beside the execution that has taken over, or when that has long committed. Nothing is asked of one that is gone. */
export const WAKES = ['never', 'at once', 'later'] as const;

/** Nobody waits longer for a step of an older execution; it has to fail. */
const STUCK_MS = 30_000;

/** Executions of one job at one target. */
export class Job implements AsyncDisposable {
  readonly #driver: SinkDriver;
  readonly #target: SinkTarget;
  readonly #jobId: string;
  readonly #guarantee: DriveOptions['guarantee'];
  readonly #sinks: DrivenSink[] = [];

  constructor(driver: SinkDriver, target: SinkTarget, jobId: string, guarantee?: DriveOptions['guarantee']) {
    this.#driver = driver;
    this.#target = target;
    this.#jobId = jobId;
    this.#guarantee = guarantee;
  }

  async start(
    generation: number,
    restored?: SavedSnapshot,
    more: { readonly instance?: number; readonly parallelism?: number; readonly signal?: AbortSignal } = {},
  ): Promise<DrivenSink> {
    const { config, stage } = this.#target;
    const job = { jobId: this.#jobId };
    const options = { config, stage, job, generation, restored, guarantee: this.#guarantee, ...more };
    const sink = await DrivenSink.start(this.#driver.connector, options);
    this.#sinks.push(sink);
    return sink;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#sinks.map((sink) => sink.close()));
  }
}

/** Rejections of what nobody waits for are no failures of the test. */
const letGo = (promise: Promise<unknown>): void => void promise.catch(() => {});

async function outcomeOf(step: () => Promise<unknown>): Promise<string> {
  const stuck = Promise.withResolvers<string>();
  const cancel = systemClock.timer(STUCK_MS, () => stuck.resolve('it neither failed nor went on'));
  const done = step().then(
    () => 'done',
    (error: unknown) => (error instanceof MillraceError ? error.code.code : String(error)),
  );
  try {
    return await Promise.race([done, stuck.promise]);
  } finally {
    cancel();
  }
}

/**
 * An execution has 10 rows committed by snapshot 1 and stops while it is about 10 more; the next one restores what the commit record says and
 * goes on to 40, in three more snapshots, while the old one wakes up or does not. Resolves with what the old one's steps came to.
 */
export async function crashAndGoOn(
  job: Job,
  moment: (typeof MOMENTS)[number],
  wakes: (typeof WAKES)[number],
): Promise<{ readonly outcomes: readonly string[]; readonly record: SavedSnapshot }> {
  const old = await job.start(1);
  await old.write(...insertBatches(0, 10));
  let record: SavedSnapshot = { snapshotId: 1, entries: await old.prepare(1) };
  let position = 10;
  await old.commit(1);

  let entries: SavedSnapshot['entries'] = [];
  const steps: Readonly<Record<string, () => Promise<unknown>>> = {
    write: () => old.write(...insertBatches(10, 20)),
    prepare: async () => {
      entries = await old.prepare(2);
    },
    record: async () => {
      record = { snapshotId: 2, entries };
      position = 20;
    },
    commit: () => old.commit(2),
  };
  const left = Object.keys(steps);
  const [when, stop] = moment.split(' ');
  for (const name of [...left]) {
    if (name === stop && when === 'before') break;
    left.shift();
    const running = steps[name]!();
    if (name === stop && when === 'during') letGo(running);
    else await running;
    if (name === stop) break;
  }

  const next = await job.start(2, record);
  const outcomes: string[] = [];
  const wakeUp = async (): Promise<void> => {
    // The store refuses an older execution's record, so it never gets further by itself than to the end of what it was about.
    for (const name of left.filter((each) => each !== 'record')) outcomes.push(await outcomeOf(steps[name]!));
    if (left.length > 0) return;
    outcomes.push(await outcomeOf(() => old.write(...insertBatches(20, 25))));
    outcomes.push(await outcomeOf(() => old.prepare(3)));
    outcomes.push(await outcomeOf(() => old.commit(3)));
  };
  const waking = wakes === 'at once' ? wakeUp() : undefined;
  let { snapshotId } = record;
  for (const end of [30, 40]) {
    await next.write(...insertBatches(position, end));
    position = end;
    snapshotId += 1;
    record = { snapshotId, entries: await next.prepare(snapshotId) };
    await next.commit(snapshotId);
  }
  await waking;
  if (wakes === 'later') await wakeUp();
  return { outcomes, record };
}
