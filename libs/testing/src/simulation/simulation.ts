import type { EndState, JobPlan } from '@millrace/cluster';
import type { ExecutionRequest } from '@millrace/engine';
import type { LoopMode } from '@millrace/operators';
import { type Pipeline, planGraph, toDag } from '@millrace/pipeline';
import type { SeededRandom } from '../shop/seeded-random.ts';
import type { Fault } from './faults/fault.ts';
import { Findings } from './findings.ts';
import { randomFor } from './loop/seeds.ts';
import { VirtualLoop } from './loop/virtual-loop.ts';
import { threadOf, VirtualThread } from './loop/virtual-thread.ts';
import { observedDag } from './member/observed-dag.ts';
import { SimulatedMember } from './member/simulated-member.ts';
import { type CommittedSnapshot, ControlPlane, type Damage } from './outside/control-plane.ts';
import { Outside } from './outside/outside.ts';
import type { Target } from './outside/target.ts';
import { SimulatedWorld } from './simulated-world.ts';

/** Builds the pipeline; called anew for every thread of every process. */
export type PipelineBuilder = (world: SimulatedWorld) => Pipeline;

export interface SimulationParts {
  readonly build: PipelineBuilder;
  readonly seed: number;
  readonly faults: readonly Fault[];
  readonly threads: number;
  readonly mode: LoopMode;
  readonly guarantee: JobPlan['guarantee'];
  readonly snapshotIntervalMs: number;
  /** Continue from a snapshot, with what the targets show as of it. */
  readonly from?: { readonly snapshot: CommittedSnapshot; readonly targets: ReadonlyMap<string, Target> } | undefined;
  readonly damage?: Damage | undefined;
}

/** A run that has not ended by then never will. */
const VIRTUAL_MS_MAX = 900_000;
const STEPS_MAX = 50_000;
/** Superseded processes go on for so long after the job has completed: they must do no harm. */
const AFTER_MS = 3_000;
/** Pause before a process is replaced. */
const REPLACED_MS_MAX = 200;

const CHANNEL_MS_MAX = 1.5;
const SLOW_CHANNEL_CHANCE = 0.3;

/** One simulated run of a job from its submission to its completion, over as many processes as it takes. */
export class Simulation {
  readonly loop = new VirtualLoop();
  readonly findings = new Findings();
  readonly log: string[] = [];
  readonly controlPlane: ControlPlane;
  readonly outside: Outside;
  readonly world: SimulatedWorld;
  restores = 0;
  readonly #parts: SimulationParts;
  readonly #members: SimulatedMember[] = [];
  readonly #random: SeededRandom;
  readonly #batches = { count: 0 };
  readonly #surroundings: VirtualThread;
  readonly #owners = new Map<number, string>();
  /** Newest snapshot that an execution was deployed from. */
  #deployedFrom = 0;
  #completedMs: number | undefined;
  /** Of the process that takes over from one that has ended by itself. */
  #threadsNext: number;

  constructor(parts: SimulationParts) {
    this.#parts = parts;
    this.#threadsNext = parts.threads;
    const { seed, faults, from } = parts;
    this.#random = randomFor(seed, 'channels');
    this.#surroundings = new VirtualThread('outside', this.loop, this.#random);
    this.outside = new Outside({
      loop: this.loop,
      random: randomFor(seed, 'outside'),
      faults,
      thread: this.#surroundings,
      kill: (thread, threads) => this.#kill(this.#memberOf(thread), threads),
    });
    this.controlPlane = new ControlPlane(this.outside, from?.snapshot);
    this.world = new SimulatedWorld({
      seed,
      outside: this.outside,
      findings: this.findings,
      faults,
      generationOf: ({ clock }) => this.#memberOf(threadOf(clock)).generation,
      witnessed: () => this.controlPlane.witness?.snapshotId ?? 0,
      paceOf: ({ clock, globalIndex }) => `${this.#memberOf(threadOf(clock)).generation} ${globalIndex}`,
      isOwner: ({ clock }) => this.#memberOf(threadOf(clock)).generation === this.controlPlane.generation,
      targets: from?.targets,
    });
  }

  /** Runs until the job has completed and whoever was superseded has noticed, or it is clear that it never will. */
  async run(): Promise<void> {
    const { loop } = this;
    this.#begin(this.#parts.threads);
    while (await loop.step()) {
      this.#disturb();
      if (this.controlPlane.status === 'COMPLETED') this.#completedMs ??= loop.nowMs;
      const isLate = this.#completedMs !== undefined && loop.nowMs > this.#completedMs + AFTER_MS;
      if (isLate || (this.#completedMs !== undefined && !this.#members.some((member) => member.isRunning))) return;
      if (this.controlPlane.status === 'FAILED') {
        this.findings.add('INV-10', `the job failed: ${JSON.stringify(this.controlPlane.error)}`);
        return;
      }
      if (loop.nowMs > VIRTUAL_MS_MAX || loop.steps > STEPS_MAX) break;
    }
    this.findings.add(
      'INV-10',
      `not completed after ${Math.round(loop.nowMs)} virtual ms and ${loop.steps} steps; last: ${this.log.slice(-3).join(' | ')}`,
    );
  }

  #begin(threads: number): void {
    const { seed, build, mode, guarantee, snapshotIntervalMs } = this.#parts;
    const { loop } = this;
    const member: SimulatedMember = new SimulatedMember({
      seed,
      number: this.#members.length,
      threads,
      loop,
      controlPlane: this.controlPlane,
      plan: { guarantee, snapshotIntervalMs },
      delayMs: () => this.#channelMs(),
      loadDag: (thread, count) =>
        observedDag(toDag(planGraph(build(this.world).graph, { threads: count, mode }), mode), thread, {
          seed,
          loop,
          random: this.#random,
          faults: this.#parts.faults,
          findings: this.findings,
          batches: this.#batches,
        }),
      onDeploy: (request) => this.#deployed(member, request),
      onEnd: (end) => this.#ended(end),
      onBroken: (error) => this.findings.add('INV-10', `a process broke: ${String(error)}`),
      onLog: (line) => this.log.push(`${Math.round(loop.nowMs)} ${line}`),
    });
    this.#members.push(member);
  }

  #disturb(): void {
    for (const fault of this.#parts.faults) {
      if (!('atStep' in fault) || fault.atStep !== this.loop.steps) continue;
      const member = this.#members.filter(({ isRunning }) => isRunning).at(-1);
      if (member !== undefined) this.#disturbMember(member, fault);
    }
  }

  #disturbMember(member: SimulatedMember, fault: Extract<Fault, { readonly atStep: number }>): void {
    switch (fault.kind) {
      case 'kill':
        this.#kill(member, fault.threads);
        break;
      case 'takeover':
        this.#begin(fault.threads);
        break;
      case 'shutdown':
        this.#threadsNext = fault.threads;
        member.shutDown();
        break;
      case 'restart':
        this.controlPlane.restartRequested += 1;
        member.poke();
        break;
      case 'thread-loss':
        member.loseThread(fault.thread);
    }
  }

  #kill(member: SimulatedMember, threads: number): void {
    if (!member.isRunning) return;
    this.log.push(`${Math.round(this.loop.nowMs)} ${member.main.name} killed`);
    member.kill();
    this.#replaceIfNone(threads);
  }

  #ended(end: EndState): void {
    this.log.push(`${Math.round(this.loop.nowMs)} ended: ${end}`);
    this.#replaceIfNone(this.#threadsNext);
  }

  /** As the queue does: a job that nobody runs is given to another process. */
  #replaceIfNone(threads: number): void {
    const dueMs = this.loop.nowMs + this.#random.next() * REPLACED_MS_MAX;
    this.loop.at(dueMs, this.#surroundings, 'replace', () => {
      const isWanted = this.controlPlane.status !== 'COMPLETED' && this.controlPlane.status !== 'FAILED';
      if (isWanted && !this.#members.some((member) => member.isRunning)) this.#begin(threads);
    });
  }

  #deployed(member: SimulatedMember, request: ExecutionRequest): ExecutionRequest {
    const { generation, restore } = request;
    const owner = this.#owners.get(generation);
    if (owner !== undefined) {
      this.findings.add('INV-3', `generation ${generation} is run by ${owner} and by ${member.main.name}`);
    }
    this.#owners.set(generation, member.main.name);
    const newest = this.controlPlane.committed.at(-1)?.record.snapshotId;
    if (restore === undefined) {
      if (newest !== undefined) this.findings.add('INV-2', `a first start, although snapshot ${newest} is committed`);
      return request;
    }
    this.restores += 1;
    const { snapshotId } = restore;
    if (this.controlPlane.stateOf(snapshotId) === undefined) {
      this.findings.add('INV-4', `restored snapshot ${snapshotId}, which was never committed`);
    }
    if (snapshotId < this.#deployedFrom) {
      this.findings.add('INV-2', `restored snapshot ${snapshotId} after ${this.#deployedFrom}`);
    }
    this.#deployedFrom = Math.max(this.#deployedFrom, snapshotId);
    const { damage } = this.#parts;
    return damage === undefined ? request : { ...request, restore: { ...restore, state: damage(restore.state) } };
  }

  #memberOf(thread: VirtualThread): SimulatedMember {
    return this.#members.find((member) => member.main === thread || member.threads.includes(thread))!;
  }

  #channelMs(): number {
    const random = this.#random;
    let delayMs = random.next() * CHANNEL_MS_MAX;
    for (const fault of this.#parts.faults) {
      if (fault.kind !== 'slow-channels' || this.loop.nowMs < fault.fromMs) continue;
      const isOver = this.loop.nowMs >= fault.fromMs + fault.durationMs;
      if (!isOver && random.chance(SLOW_CHANNEL_CHANCE)) delayMs += random.next() * fault.delayMs;
    }
    return delayMs;
  }
}
