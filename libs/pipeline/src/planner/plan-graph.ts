import type { LookupRequest, Refusals, TableLookup } from '@millrace/connector-contract';
import { Dag, type ProcessorSupplier } from '@millrace/engine';
import {
  accumulateFrames,
  builtSink,
  columnPartitioner,
  combineFrames,
  EVERYTHING,
  keyPartitioner,
  type LoopMode,
  type SessionWindow,
  sessionWindows,
  splitLate,
} from '@millrace/operators';
import type {
  AggregateNode,
  FusedNode,
  GraphNode,
  InputRouting,
  LateNode,
  MergeNode,
  OperatorNode,
  Parallelism,
  RegisteredPart,
  SinkNode,
  SourceNode,
} from '../graph/graph-node.ts';
import type { PipelineGraph } from '../graph/pipeline-graph.ts';
import { reachableFrom } from '../graph/reachable.ts';
import { letterName } from '../refusals/letter-name.ts';
import type { OpenLetterStore } from '../refusals/letter-store.ts';
import { refusalGate } from '../refusals/refusal-gate.processor.ts';
import { type PlannedEdge, PlannedVertex } from './planned-vertex.ts';
import { refuseUnsteadyLetters } from './unsteady-letters.ts';
import { reasonOf } from './vertex-reason.ts';

export interface PlanOptions {
  /** Engine threads of a member: what `threads` means as a parallelism. */
  readonly threads: number;
  readonly mode?: LoopMode | undefined;
  /** Makes the processors of registered sources and sinks. Absent: a plan to look at, not to run. */
  readonly registered?: RegisteredSuppliers | undefined;
}

/** What is known of registered sources and sinks where the job runs. */
export interface RegisteredSuppliers {
  /** `stage` is the name of the node; `sinksShowRowsAtOnce`: of a sink that its rows can reach. */
  source(stage: string, part: RegisteredPart, sinksShowRowsAtOnce: boolean, refusals?: Refusals): ProcessorSupplier;
  sink(stage: string, part: RegisteredPart, refusals?: Refusals): ProcessorSupplier;
  /** A sink for copies of the letters of a stage. */
  letterSink(stage: string, part: RegisteredPart): ProcessorSupplier;
  /** Where stages keep the records they cannot take. Absent: there is no catalog here. */
  readonly letters?: OpenLetterStore | undefined;
  showsRowsAtOnce(part: RegisteredPart): boolean;
  skipsWhatItPassed(part: RegisteredPart): boolean;
  openLookup(definition: string, request: LookupRequest, signal: AbortSignal): Promise<TableLookup>;
  /** Of the job's module, if it has one. */
  readonly moduleUrl?: string | undefined;
}

/** Vertices and edges with what they are made of, before they become a `Dag`. */
export interface PlannedGraph {
  readonly vertices: readonly PlannedVertex[];
  readonly edges: readonly PlannedEdge[];
}

/** The key column of the partials between the two stages of an aggregation. */
const PARTIAL_KEY_COLUMN = 0;
/** Edges that are drained first. */
const FIRST = -1;

/** @throws MillraceError what `PipelineGraph.checkComplete` throws */
export function planGraph(graph: PipelineGraph, options: PlanOptions): PlannedGraph {
  graph.checkComplete();
  if (options.registered !== undefined) refuseUnsteadyLetters(graph, options.registered);
  return new GraphPlanner(graph, options).plan();
}

/** The planned graph as the engine runs it. */
export function toDag({ vertices, edges }: PlannedGraph, mode: LoopMode = 'generated'): Dag {
  const dag = new Dag();
  for (const vertex of vertices) {
    dag.vertex(vertex.name, vertex.supplier(mode), { localParallelism: vertex.parallelism });
  }
  for (const { from, to, routing, priority } of edges) dag.edge(from.name, to.name, { routing, priority });
  return dag;
}

/**
 * Makes vertices of nodes: a node that can run in the tasklet of its only input does (operator chaining), and stateless stages go into
 * the loop of what follows. A new vertex begins behind a source of another parallelism, at a partitioned edge, at a join, and
 * where a stage has several readers.
 */
class GraphPlanner {
  readonly #graph: PipelineGraph;
  readonly #threads: number;
  readonly #mode: LoopMode;
  readonly #registered: RegisteredSuppliers | undefined;
  readonly #vertices: PlannedVertex[] = [];
  readonly #edges: PlannedEdge[] = [];
  /** The vertex whose output a node's rows are, so far. */
  readonly #vertexOf = new Map<GraphNode, PlannedVertex>();

  constructor(graph: PipelineGraph, { threads, mode = 'generated', registered }: PlanOptions) {
    this.#graph = graph;
    this.#threads = threads;
    this.#mode = mode;
    this.#registered = registered;
  }

  plan(): PlannedGraph {
    for (const node of this.#graph.nodes) this.#vertexOf.set(node, this.#place(node));
    return { vertices: this.#vertices, edges: this.#edges };
  }

  #place(node: GraphNode): PlannedVertex {
    switch (node.kind) {
      case 'source':
        return this.#source(node);
      case 'fused':
        return this.#fused(node);
      case 'operator':
        return this.#operator(node);
      case 'aggregate':
        return this.#aggregate(node);
      case 'late':
        return this.#late(node);
      case 'merge':
        return this.#merge(node);
      case 'sink':
        return this.#sink(node);
    }
  }

  #source(node: SourceNode): PlannedVertex {
    const vertex = this.#open(this.#wanted(node, 1), undefined);
    vertex.addProcessor(node.name, 'source', this.#sourceSupplier(node));
    return vertex;
  }

  #sourceSupplier(node: SourceNode): ProcessorSupplier {
    const { source, name } = node;
    if (source.kind === 'processor') return source.supplier;
    const registered = this.#registered;
    if (registered === undefined) return () => ({ saveSnapshot: () => true });
    const sinks = this.#sinksBehind(node);
    const isSeenAtOnce = sinks.some(({ sink }) => sink.kind === 'registered' && registered.showsRowsAtOnce(sink));
    return this.#refusing(node, false, (refusals) => registered.source(name, source, isSeenAtOnce, refusals));
  }

  #sinksBehind(node: GraphNode): readonly SinkNode[] {
    return reachableFrom(node, (each) => this.#graph.readersOf(each)).filter((each) => each.kind === 'sink');
  }

  #fused(node: FusedNode): PlannedVertex {
    const vertex = this.#behind(node);
    vertex.addStage(node.name, node.label, node.stage);
    return vertex;
  }

  #operator(node: OperatorNode): PlannedVertex {
    const [only] = node.routings;
    if (node.routings.length === 1 && only!.kind === 'local' && node.isCooperative) {
      const vertex = this.#behind(node);
      vertex.addProcessor(node.name, node.label, this.#operatorSupplier(node));
      return vertex;
    }
    const isSingle = node.routings.some(({ kind }) => kind === 'one');
    const usual = isSingle
      ? 1
      : node.routings.some(({ kind }) => kind === 'local')
        ? this.#vertexOf.get(node.inputs[0]!)!.wanted
        : 'threads';
    const reason = node.isCooperative ? reasonOf(node.routings) : 'it blocks, so it has threads of its own';
    const vertex = this.#open(this.#wanted(node, usual), reason);
    for (const [index, input] of node.inputs.entries()) this.#connect(input, vertex, node.routings[index]!);
    vertex.addProcessor(node.name, node.label, this.#operatorSupplier(node));
    return vertex;
  }

  #operatorSupplier(node: OperatorNode): ProcessorSupplier {
    const { lookup, module, supplier } = node;
    const registered = this.#registered;
    return this.#refusing(node, true, (refusals) => {
      if (module !== undefined && registered?.moduleUrl !== undefined) return module(registered.moduleUrl, refusals);
      if (lookup === undefined || registered === undefined) return supplier(this.#mode, refusals);
      const open = (signal: AbortSignal) => registered.openLookup(lookup.definition, lookup.request, signal);
      return lookup.supplier(open, refusals);
    });
  }

  /** With a policy a gate stands in front of the stage: each instance has its own. */
  #refusing(
    node: SourceNode | OperatorNode | SinkNode,
    isFiltering: boolean,
    make: (refusals: Refusals | undefined) => ProcessorSupplier,
  ): ProcessorSupplier {
    if (node.policy === undefined) return make(undefined);
    const stage = letterName(node.policy.stage ?? node.name);
    // A plan to look at needs no place for letters.
    const policy = { ...node.policy, stage, ...(this.#registered === undefined ? { action: 'skip' as const } : {}) };
    const letters = this.#registered?.letters;
    const isSource = node.kind === 'source';
    const copies = policy.copyTo && this.#registered?.letterSink(policy.stage, policy.copyTo);
    return (instance) =>
      refusalGate({
        policy,
        letters,
        isFiltering,
        isSource,
        inner: (refusals) => make(refusals)(instance),
        copies: copies?.(instance),
      });
  }

  #aggregate(node: AggregateNode): PlannedVertex {
    const { layout, keyOfs, window = EVERYTHING, name, inputs, hasLateRows } = node;
    if (window.kind === 'session') return this.#sessions(node, window);
    const combine = this.#open(
      keyOfs === undefined ? 1 : this.#wanted(node, 'threads'),
      keyOfs === undefined ? 'all rows meet in one group' : 'rows are partitioned by key',
    );
    inputs.forEach((input, index) => {
      const first = this.#stageOneBehind(input);
      const { stages, fused } = first.absorbLoop();
      first.addProcessor(
        `${name}-accumulate${inputs.length > 1 ? `-${index}` : ''}`,
        'accumulate by key and frame',
        accumulateFrames({
          stages,
          keyOf: keyOfs?.[index],
          window,
          layout,
          input: index,
          lateEdge: hasLateRows,
          mode: this.#mode,
        }),
        fused,
      );
      const routing =
        keyOfs === undefined
          ? ({ kind: 'all-to-one' } as const)
          : ({ kind: 'partitioned', partitioner: columnPartitioner(PARTIAL_KEY_COLUMN) } as const);
      this.#edges.push({ from: first, to: combine, routing, priority: 0 });
      this.#stageOnes.set(`${name}/${index}`, first);
    });
    combine.addProcessor(name, 'combine to windows', combineFrames({ window, layout, isKeyed: keyOfs !== undefined }));
    return combine;
  }

  /** Sessions in one stage, because what their rows are together is known only where the rows of a key meet. */
  #sessions(
    { name, operation, inputs, keyOfs, hasLateRows, ...node }: AggregateNode,
    window: SessionWindow,
  ): PlannedVertex {
    const isKeyed = keyOfs !== undefined;
    const vertex = this.#open(
      isKeyed ? this.#wanted(node as AggregateNode, 'threads') : 1,
      isKeyed ? 'rows are partitioned by key' : 'all rows meet in one group',
    );
    inputs.forEach((input, index) => {
      let from = this.#vertexOf.get(input)!;
      if (hasLateRows) {
        from = this.#stageOneBehind(input);
        const splitter = splitLate({ graceMs: window.gapMs, mode: this.#mode });
        from.addProcessor(`${name}-in-time`, 'late rows go another way', splitter);
        this.#stageOnes.set(`${name}/${index}`, from);
      }
      const routing: InputRouting = isKeyed ? { kind: 'keyed', keyOf: keyOfs[index]! } : { kind: 'one' };
      this.#edges.push({ from, to: vertex, routing: this.#routing(from, vertex, routing), priority: 0 });
    });
    const sessions = { window, operation, keyOfs, inputCount: inputs.length, mode: this.#mode };
    vertex.addProcessor(name, 'sessions', sessionWindows(sessions));
    return vertex;
  }

  readonly #stageOnes = new Map<string, PlannedVertex>();

  /** Where the first stage of an aggregation runs: with its input, or beside it when others read from that as well. */
  #stageOneBehind(input: GraphNode): PlannedVertex {
    const before = this.#vertexOf.get(input)!;
    if (this.#isOpen(input)) return before;
    const vertex = this.#open(before.wanted, 'its input has several readers');
    this.#connect(input, vertex, { kind: 'local' });
    return vertex;
  }

  #late(node: LateNode): PlannedVertex {
    const first = this.#vertexOf.get(node.of.inputs[0]!)!;
    const vertex = this.#open(this.#wanted(node, first.wanted), 'late rows are an output of their own');
    vertex.addStage(node.name, 'late rows', { peek: () => undefined });
    node.of.inputs.forEach((_, index) => {
      const from = this.#stageOnes.get(`${node.of.name}/${index}`)!;
      this.#edges.push({
        from,
        to: vertex,
        routing: { kind: from.parallelism === vertex.parallelism ? 'isolated' : 'unicast' },
        priority: 0,
      });
    });
    return vertex;
  }

  #merge(node: MergeNode): PlannedVertex {
    const vertex = this.#open(this.#wanted(node, this.#vertexOf.get(node.inputs[0]!)!.wanted), 'several streams meet');
    for (const input of node.inputs) this.#connect(input, vertex, { kind: 'local' });
    vertex.addStage(
      node.name,
      'merge',
      node.isBytes === true ? { transform: (batch) => batch } : { peek: () => undefined },
    );
    return vertex;
  }

  #sink(node: SinkNode): PlannedVertex {
    const { sink, name } = node;
    if (sink.kind === 'registered') return this.#registeredSink(node, sink);
    const vertex = this.#behind(node);
    const { stages, fused } = sink.kind === 'built' ? vertex.absorbLoop() : { stages: [], fused: [] };
    const supplier = sink.kind === 'built' ? builtSink(sink.definition, stages, this.#mode) : sink.supplier;
    vertex.addProcessor(name, 'sink', supplier, fused);
    return vertex;
  }

  /** It works with another system at its own pace, so it has a tasklet of its own. */
  #registeredSink(node: SinkNode, part: RegisteredPart): PlannedVertex {
    const vertex = this.#open(this.#wanted(node, 1), 'another system takes its rows');
    this.#connect(node.inputs[0]!, vertex, { kind: 'local' });
    const idle = () => ({ process: () => true, saveSnapshot: () => true });
    const supplier = this.#refusing(
      node,
      false,
      (refusals) => this.#registered?.sink(node.name, part, refusals) ?? idle,
    );
    vertex.addProcessor(node.name, 'sink', supplier);
    return vertex;
  }

  /** The vertex of the only input if the node can join it, else a new one behind it. */
  #behind(node: GraphNode): PlannedVertex {
    const input = node.inputs[0]!;
    const before = this.#vertexOf.get(input)!;
    const wanted = this.#wanted(node, before.wanted);
    const isFork = !this.#isOpen(input);
    const isRegistered = input.kind === 'source' && input.source.kind === 'registered';
    // In the tasklet of a source it would be asked only when that has something, or a barrier comes.
    const isHeldUp = before.reason === undefined && node.kind === 'operator' && node.emitsByItself === true;
    if (!isFork && !isRegistered && !isHeldUp && wanted === before.wanted) return before;
    const reason = isFork
      ? 'its input has several readers'
      : isRegistered
        ? 'its input reads from another system'
        : isHeldUp
          ? 'it emits answers when they come, not when its source has rows'
          : 'its number of instances is not that of its input';
    const vertex = this.#open(wanted, reason);
    this.#connect(input, vertex, { kind: 'local' });
    return vertex;
  }

  /** Nothing but the node that is being placed reads from it. Late rows leave an aggregation where it accumulates. */
  #isOpen(input: GraphNode): boolean {
    return this.#graph.readersOf(input).filter(({ kind }) => kind !== 'late').length === 1;
  }

  #connect(input: GraphNode, to: PlannedVertex, routing: InputRouting): void {
    const from = this.#vertexOf.get(input)!;
    const isFirst = routing.kind === 'broadcast' && routing.isFirst;
    this.#edges.push({ from, to, routing: this.#routing(from, to, routing), priority: isFirst ? FIRST : 0 });
  }

  #routing(from: PlannedVertex, to: PlannedVertex, routing: InputRouting): PlannedEdge['routing'] {
    switch (routing.kind) {
      case 'keyed':
        return { kind: 'partitioned', partitioner: keyPartitioner(routing.keyOf, this.#mode) };
      case 'partitioned':
        return routing;
      case 'one':
        return { kind: 'all-to-one' };
      case 'broadcast':
        return { kind: 'broadcast' };
      case 'spread':
        return { kind: 'unicast' };
      case 'local':
        if (from.parallelism === to.parallelism) return { kind: 'isolated' };
        return { kind: to.parallelism === 1 ? 'all-to-one' : 'unicast' };
    }
  }

  #open(wanted: Exclude<Parallelism, 'inherit'>, reason: string | undefined): PlannedVertex {
    const vertex = new PlannedVertex(wanted, this.#threads, reason);
    this.#vertices.push(vertex);
    return vertex;
  }

  #wanted({ parallelism }: GraphNode, inherited: Exclude<Parallelism, 'inherit'>): Exclude<Parallelism, 'inherit'> {
    return parallelism === 'inherit' ? inherited : parallelism;
  }
}
