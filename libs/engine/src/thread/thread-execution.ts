import {
  type Clock,
  type ErrorRecord,
  fromErrorRecord,
  type IdSource,
  MillraceError,
  toErrorRecord,
} from '@millrace/kernel';
import type { Batch } from '../contract/batch.ts';
import type { Dag } from '../contract/dag.ts';
import type { InstanceMetrics, QueueState } from '../contract/execution.ts';
import type { Processor, ProcessorContext, ProcessorSupplier } from '../contract/processor.ts';
import type { RowCounts } from '../contract/row-counts.ts';
import type { Sampler, TapRequest, TapSample } from '../contract/sample.ts';
import type { SnapshotEntry } from '../contract/snapshot.ts';
import type { EdgeWriter } from '../edge/edge-writer.ts';
import type { StreamReader } from '../edge/stream.ts';
import { ContractViolated, cloneable, ExecutionStopped, processorErrorRecord } from '../errors.ts';
import { type DagShape, shapeOf } from '../plan/dag-shape.ts';
import type { InstancePlan, JobFacts, ThreadPlan } from '../plan/thread-plan.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import { EdgeTap } from '../tap/edge-tap.ts';
import { Inputs } from '../tasklet/inputs.ts';
import { InstanceFigures } from '../tasklet/instance-metrics.ts';
import { Tasklet, type TaskletListener } from '../tasklet/tasklet.ts';
import { Instance } from './instance.ts';
import type { BuildResult, ExecutionEvent } from './protocol.ts';
import { Wiring } from './wiring.ts';

/** What every execution on a thread shares. */
export interface ThreadServices {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly scheduler: Scheduler;
  readonly loadDag: (dagModule: string, spec: unknown) => Promise<Dag>;
}

/** The share of one execution that runs on this thread. */
export class ThreadExecution implements TaskletListener {
  readonly #services: ThreadServices;
  readonly #emit: (event: ExecutionEvent) => void;
  readonly #abort = new AbortController();
  #dag: Promise<Dag> | undefined;
  #wiring: Wiring | undefined;
  #instances: Instance[] = [];
  readonly #writers: { readonly edge: number; readonly writer: EdgeWriter }[] = [];
  readonly #taps = new Map<string, EdgeTap>();
  #openCount = 0;
  #hasFailed = false;
  #closing: Promise<readonly ErrorRecord[]> | undefined;

  constructor(services: ThreadServices, emit: (event: ExecutionEvent) => void) {
    this.#services = services;
    this.#emit = emit;
  }

  async describe(dagModule: string, spec: unknown): Promise<DagShape> {
    return shapeOf(await this.#load(dagModule, spec));
  }

  /** Makes the instances, runs `init` on all, then restores all. Whoever calls closes after a rejection. */
  async build(dagModule: string, spec: unknown, { job, instances, streams }: ThreadPlan): Promise<BuildResult> {
    const dag = await this.#load(dagModule, spec);
    this.#abort.signal.throwIfAborted();
    this.#wiring = new Wiring(dag, streams, (error) => this.#fail(toErrorRecord(error)));
    for (const plan of instances) this.#instances.push(this.#make(dag, this.#wiring, job, plan));
    this.#openCount = instances.length;
    await this.#all((instance) => instance.init());
    await this.#all((instance) => instance.restore());
    return { prioritizing: this.#instances.filter((instance) => instance.tasklet.isPrioritizing).length };
  }

  start(): void {
    for (const instance of this.#instances) instance.tasklet.start();
  }

  announce(snapshotId: number): void {
    for (const instance of this.#instances) instance.tasklet.announce(snapshotId);
  }

  /** Phase two on all instances at once. A failure fails the execution, too. */
  async commit(snapshotId: number): Promise<void> {
    try {
      await this.#all((instance) => instance.commit(snapshotId));
    } catch (error) {
      this.#fail(toErrorRecord(error));
      throw error;
    }
  }

  /** Shows rows of these edges, as far as they begin on this thread. */
  tap(request: TapRequest, sampler: Sampler): void {
    this.untap(request.id);
    if (this.#closing !== undefined) return;
    const emit = (sample: TapSample): void => this.#emit({ kind: 'sampled', sample });
    this.#taps.set(request.id, new EdgeTap(request, sampler, this.#services.clock, emit));
    this.#wireTaps();
  }

  untap(id: string): void {
    this.#taps.get(id)?.close();
    this.#taps.delete(id);
    this.#wireTaps();
  }

  #wireTaps(): void {
    const taps = [...this.#taps.values()];
    for (const { edge, writer } of this.#writers) {
      const here = taps.filter(({ edges }) => edges.includes(edge));
      const show = (batch: Batch): void => {
        for (const tap of here) tap.see(edge, batch);
      };
      writer.onBatch = here.length === 0 ? undefined : show;
    }
  }

  metrics(): readonly InstanceMetrics[] {
    return this.#instances.map((instance) => instance.readMetrics());
  }

  /** Stops all work, aborts the signal and closes every processor, whatever state they are in. Safe to call twice. */
  close(): Promise<readonly ErrorRecord[]> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  failed({ vertex, globalIndex, callback }: Tasklet, error: unknown): void {
    this.#fail(processorErrorRecord(error, { vertex, globalIndex, callback }));
  }

  saved(
    { vertex, globalIndex }: Tasklet,
    snapshotId: number,
    entries: readonly SnapshotEntry[],
    counts: RowCounts,
  ): void {
    this.#emit({ kind: 'saved', snapshotId, vertex, globalIndex, entries, counts });
  }

  completed(): void {
    this.#openCount -= 1;
    if (this.#openCount === 0) this.#emit({ kind: 'completed' });
  }

  slow({ vertex, globalIndex, callback }: Tasklet, durationMs: number): void {
    this.#emit({ kind: 'slow', vertex, globalIndex, callback, durationMs });
  }

  priorityDone(): void {
    this.#emit({ kind: 'priorityDone' });
  }

  #load(dagModule: string, spec: unknown): Promise<Dag> {
    this.#dag ??= this.#services.loadDag(dagModule, spec);
    return this.#dag;
  }

  #make(dag: Dag, wiring: Wiring, job: JobFacts, plan: InstancePlan): Instance {
    const { vertex, globalIndex, totalParallelism, entries } = plan;
    const { supplier } = dag.vertices.find((each) => each.name === vertex)!;
    const { clock, ids, scheduler } = this.#services;
    const { outbox, writers, edges } = wiring.outgoing(vertex, globalIndex);
    this.#writers.push(...edges);
    const streams = wiring.incoming(vertex, globalIndex);
    const inputs = new Inputs(streams, job.guarantee === 'exactly-once');
    const figures = new InstanceFigures();
    const processor = this.#supply(supplier, plan);
    if (streams.length > 0 && processor.process === undefined) {
      throw new MillraceError(ContractViolated, {
        message: `vertex ${vertex} has an incoming edge, but its processor has no process()`,
        mend: 'Implement process() or remove the edge.',
      });
    }
    const tasklet = new Tasklet({
      vertex,
      globalIndex,
      processor,
      inputs,
      outbox,
      figures,
      scheduler,
      clock,
      listener: this,
    });
    for (const writer of writers) writer.onRoom = () => tasklet.wake();
    for (const { reader } of streams) reader.onItem = () => tasklet.inputArrived();
    const context: ProcessorContext = {
      ...job,
      vertex,
      globalIndex,
      totalParallelism,
      outbox,
      clock,
      ids,
      metrics: figures,
      signal: this.#abort.signal,
      wake: () => tasklet.wake(),
      fail: (error) => this.#fail(processorErrorRecord(error, { vertex, globalIndex, callback: 'fail' })),
    };
    const queues = wiring.queues(vertex, globalIndex);
    const readMetrics = () =>
      figures.read(plan, {
        nowMs: clock.monotonicMs(),
        rowsOut: outbox.rowsOut,
        watermarkMs: Number.isFinite(outbox.watermarkMs) ? outbox.watermarkMs : inputs.watermarkMs,
        out: edges.map(({ edge, writer }) => ({ edge, rows: writer.rows })),
        queues: queues.map(({ edge, ends }) => queueState(edge, ends)),
        queueRowsPeak: inputs.rowsPeak,
        threadTurns: scheduler.turns,
      });
    return new Instance(tasklet, context, entries, readMetrics);
  }

  #supply(supplier: ProcessorSupplier, { vertex, globalIndex, totalParallelism }: InstancePlan): Processor {
    try {
      return supplier({ globalIndex, totalParallelism });
    } catch (error) {
      throw fromErrorRecord(processorErrorRecord(error, { vertex, globalIndex, callback: 'supplier' }));
    }
  }

  /** Waits for all even when one has failed, so that nothing is still under way when the error is known. */
  async #all(work: (instance: Instance) => Promise<void>): Promise<void> {
    const results = await Promise.allSettled(this.#instances.map(work));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    this.#abort.signal.throwIfAborted();
  }

  #fail(error: ErrorRecord): void {
    if (this.#hasFailed || this.#closing !== undefined) return;
    this.#hasFailed = true;
    this.#stopTasklets();
    this.#emit({ kind: 'failed', error: cloneable(error) });
  }

  #stopTasklets(): void {
    for (const instance of this.#instances) instance.tasklet.stop();
  }

  async #close(): Promise<readonly ErrorRecord[]> {
    this.#stopTasklets();
    for (const id of [...this.#taps.keys()]) this.untap(id);
    this.#abort.abort(new MillraceError(ExecutionStopped, { message: 'the execution is being stopped' }));
    const problems = await Promise.all(this.#instances.map((instance) => instance.close(this.#services.clock)));
    this.#wiring?.close();
    return problems.filter((problem) => problem !== undefined).map(cloneable);
  }
}

const queueState = (edge: number, readers: readonly StreamReader[]): QueueState => ({
  edge,
  rows: readers.reduce((sum, { quota }) => sum + quota.rows, 0),
  rowsMax: readers.reduce((sum, { quota }) => sum + quota.bounds.rowsMax, 0),
  fill: readers.reduce((most, { quota }) => Math.max(most, quota.fill), 0),
});
