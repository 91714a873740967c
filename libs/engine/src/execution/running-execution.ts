import { assert, type Clock, type ErrorRecord, fromErrorRecord, MillraceError, toErrorRecord } from '@millrace/kernel';
import type { Execution, InstanceMetrics, VertexState } from '../contract/execution.ts';
import type { TapRequest, TapSample } from '../contract/sample.ts';
import { ExecutionStopped } from '../errors.ts';
import { CLOSE_DURATION_MS_MAX } from '../thread/instance.ts';
import type { ExecutionEvent } from '../thread/protocol.ts';
import { settledWithin } from '../thread/settled-within.ts';
import type { EngineThread, ThreadListener } from './engine-thread.ts';
import { type JobName, SlowReports } from './slow-reports.ts';
import { SnapshotCollector } from './snapshot-collector.ts';

/** A thread that does not answer `close` for this long is stuck in a callback; it is ended and replaced. */
const CLOSE_ANSWER_MS_MAX = 2 * CLOSE_DURATION_MS_MAX + 1_000;

/** What the planner found out about an execution once its DAG was known. */
export interface ExecutionSize {
  readonly vertices: readonly string[];
  readonly edges: Execution['edges'];
  readonly instanceCount: number;
  /** Threads with at least one instance. */
  readonly threadCount: number;
}

export interface ExecutionHooks {
  readonly job: JobName & { readonly dagModule: string };
  readonly clock: Clock;
  /** Trouble that fails nothing: a processor that did not close. */
  readonly onProblem: (problem: MillraceError) => void;
  /** Everything is closed. */
  readonly onClosed: () => void;
}

/**
 * One execution as the coordinator drives it. After `completion` has resolved the processors stay open and still answer
 * `takeSnapshot` and `commitSnapshot`, so that what the sinks wrote last can be committed; `stop()` closes them. After a
 * failure everything is closed first, then `completion` rejects; calls under way reject at once.
 */
export class RunningExecution implements Execution, ThreadListener {
  readonly id: string;
  readonly completion: Promise<void>;
  readonly #hooks: ExecutionHooks;
  readonly #slow: SlowReports;
  readonly #completion = Promise.withResolvers<void>();
  /** Rejects when the execution has failed or was stopped; every call under way is raced against it. */
  readonly #over = Promise.withResolvers<never>();
  readonly #threads = new Set<EngineThread>();
  /** Threads of processors that are not cooperative: they end with the execution. */
  readonly #ownThreads = new Set<EngineThread>();
  #size: ExecutionSize = { vertices: [], edges: [], instanceCount: 0, threadCount: 0 };
  readonly #taps = new Map<string, (sample: TapSample) => void>();
  #prioritizing = 0;
  #completedThreads = 0;
  #isOver = false;
  #snapshot: SnapshotCollector | undefined;
  #closing: Promise<void> | undefined;

  constructor(id: string, hooks: ExecutionHooks) {
    this.id = id;
    this.#hooks = hooks;
    this.#slow = new SlowReports(hooks.job, hooks.clock, hooks.onProblem);
    this.completion = this.#completion.promise;
    // Nobody may be listening yet when it fails; whoever does still sees the rejection.
    this.completion.catch(() => undefined);
    this.#over.promise.catch(() => undefined);
  }

  /** Adds a thread that runs a part of it. */
  join(thread: EngineThread, options: { readonly isOwn: boolean }): void {
    this.#threads.add(thread);
    if (options.isOwn) this.#ownThreads.add(thread);
    thread.attach(this.id, this);
  }

  get edges(): Execution['edges'] {
    return this.#size.edges;
  }

  planned(size: ExecutionSize): void {
    this.#size = size;
  }

  /** So many instances read a higher priority first. */
  prioritizes(instances: number): void {
    this.#prioritizing += instances;
  }

  /** Waits for the work, or rejects as soon as the execution has failed or was stopped. */
  unlessOver<T>(work: Promise<T>): Promise<T> {
    work.catch(() => undefined);
    return Promise.race([this.#over.promise, work]);
  }

  start(): void {
    for (const thread of this.#threads) {
      thread.request(this.id, 'start', undefined).catch((error: unknown) => this.fail(error));
    }
  }

  /** @throws MillraceError the failure of the execution, or `engine.stopped`. */
  takeSnapshot(snapshotId: number): Promise<readonly VertexState[]> {
    assert(this.#snapshot === undefined || this.#isOver, `snapshot ${this.#snapshot?.snapshotId} is still being taken`);
    const { vertices, instanceCount } = this.#size;
    this.#snapshot = new SnapshotCollector(snapshotId, vertices, instanceCount);
    this.#announce();
    return this.unlessOver(this.#snapshot.whole);
  }

  /** @throws MillraceError what `snapshotCommit` threw, the failure of the execution, or `engine.stopped`. */
  async commitSnapshot(snapshotId: number): Promise<void> {
    const commits = [...this.#threads].map((thread) => thread.request(this.id, 'commit', snapshotId));
    await this.unlessOver(Promise.all(commits));
  }

  /** @throws MillraceError the failure of the execution, or `engine.stopped`. */
  async metrics(): Promise<readonly InstanceMetrics[]> {
    const answers = [...this.#threads].map((thread) => thread.request(this.id, 'metrics', undefined));
    const order = new Map(this.#size.vertices.map((vertex, index) => [vertex, index]));
    return (await this.unlessOver(Promise.all(answers)))
      .flat()
      .sort((a, b) => order.get(a.vertex)! - order.get(b.vertex)! || a.globalIndex - b.globalIndex);
  }

  async tap(request: TapRequest, onSample: (sample: TapSample) => void): Promise<void> {
    this.#taps.set(request.id, onSample);
    const { dagModule } = this.#hooks.job;
    const share = { ...request, rowsPerSecond: request.rowsPerSecond / Math.max(1, this.#threads.size) };
    const taps = [...this.#threads].map((thread) => thread.request(this.id, 'tap', { dagModule, request: share }));
    await this.unlessOver(Promise.all(taps));
  }

  async untap(id: string): Promise<void> {
    if (!this.#taps.delete(id)) return;
    const answers = [...this.#threads].map((thread) => thread.request(this.id, 'untap', id));
    await this.unlessOver(Promise.all(answers));
  }

  stop(): Promise<void> {
    this.#end(new MillraceError(ExecutionStopped, { message: 'the execution was stopped' }));
    return this.#closing!;
  }

  /** Fails the execution unless it is over already: closes everything, then rejects `completion`. */
  fail(error: unknown): void {
    if (this.#isOver) return;
    const failure = error instanceof MillraceError ? error : fromErrorRecord(toErrorRecord(error));
    this.#end(failure);
    void this.#closing!.then(() => this.#completion.reject(failure));
  }

  event(event: ExecutionEvent): void {
    try {
      this.#handle(event);
    } catch (error) {
      // A bug of ours fails this execution, not the process.
      this.fail(error);
    }
  }

  lost(error: MillraceError): void {
    this.fail(error);
  }

  #handle(event: ExecutionEvent): void {
    switch (event.kind) {
      case 'failed':
        this.fail(fromErrorRecord(event.error));
        break;
      case 'completed':
        this.#completedThreads += 1;
        if (this.#completedThreads === this.#size.threadCount && !this.#isOver) this.#completion.resolve();
        break;
      case 'slow':
        this.#slow.add(event);
        break;
      case 'sampled':
        this.#taps.get(event.sample.tap)?.(event.sample);
        break;
      case 'priorityDone':
        this.#prioritizing -= 1;
        this.#announce();
        break;
      case 'saved':
        assert(this.#isOver || event.snapshotId === this.#snapshot?.snapshotId, 'saved what was asked for');
        if (this.#snapshot?.add(event.vertex, event.entries, event.counts)) this.#snapshot = undefined;
        break;
    }
  }

  /**
   * Tells the threads of the snapshot once every instance reads its last priority: before that a barrier could not be
   * aligned with the streams that are not being read, and the snapshot would never end.
   */
  #announce(): void {
    const snapshot = this.#snapshot;
    if (snapshot === undefined || snapshot.isAnnounced || this.#prioritizing > 0 || this.#isOver) return;
    snapshot.isAnnounced = true;
    for (const thread of this.#threads) {
      thread.request(this.id, 'snapshot', snapshot.snapshotId).catch((error: unknown) => this.fail(error));
    }
  }

  #end(reason: MillraceError): void {
    this.#isOver = true;
    this.#over.reject(reason);
    this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#threads].map((thread) => this.#closeOn(thread)));
    await Promise.all([...this.#ownThreads].map((thread) => thread.terminate()));
    this.#hooks.onClosed();
  }

  async #closeOn(thread: EngineThread): Promise<void> {
    // A lost thread refuses: nothing is left to close on it.
    const problems = thread.request(this.id, 'close', undefined).catch((): readonly ErrorRecord[] => []);
    if (await settledWithin(this.#hooks.clock, CLOSE_ANSWER_MS_MAX, problems)) {
      for (const problem of await problems) this.#hooks.onProblem(fromErrorRecord(problem));
    } else {
      await thread.abandon(`a worker thread did not answer for ${CLOSE_ANSWER_MS_MAX} ms: a processor blocks it`);
    }
    thread.detach(this.id);
  }
}
