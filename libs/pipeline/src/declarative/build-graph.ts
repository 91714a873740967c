import type { Batch } from '@millrace/engine';
import { assert, systemClock } from '@millrace/kernel';
import {
  AggregateOperations,
  assignTimestamps,
  type KeyedWindowResult,
  layoutOf,
  rollingAggregate,
  statefulMap,
} from '@millrace/operators';
import { aggregateNode } from '../api/aggregate-node.ts';
import { type AggregateResult, aggregateEvents } from '../events/aggregate-events.ts';
import { checkKeys, deduplicateEvents } from '../events/deduplicate-events.ts';
import { enrichEvents } from '../events/enrich-events.ts';
import { eventsOfResults } from '../events/events-of-results.ts';
import { filterEvents } from '../events/filter-events.ts';
import { columnsOfSide, joinEvents, type Side } from '../events/join-events.ts';
import { importFunction, ModuleCalls } from '../events/module-calls.ts';
import { type EventRow, FormScope } from '../events/row-form.ts';
import { type RowsOfEventsOptions, rowsOfEvents } from '../events/rows-of-events.ts';
import { selectEvents } from '../events/select-events.ts';
import { whereEvents } from '../events/where-events.ts';
import type { FusedNode, GraphNode, OperatorNode } from '../graph/graph-node.ts';
import { PipelineGraph } from '../graph/pipeline-graph.ts';
import { refusingTransform } from '../refusals/refusing-transform.ts';
import { jsonPointer } from './input-issue.ts';
import { namedExpressions } from './named-expressions.ts';
import { durationMs } from './spec.ts';
import { enrichParts, joinParts, mapAsyncParts, policyOf, timestampOf, windowOf } from './stage-parts.ts';
import type { StageOf, WindowOptions } from './stage-schemas.ts';
import type { ParsedPipeline, ParsedStage } from './validate.ts';

/** Before a call of a function is repeated, doubled each time. */
const CALL_BACKOFF_MS = 200;
/** How long a source may be without rows before others no longer wait for it. */
const IDLE_MS = 60_000;

/** The graph of a declarative pipeline: the nodes that its TypeScript twin would have. */
export function buildGraph(pipeline: ParsedPipeline): PipelineGraph {
  return new GraphBuilder(pipeline).build();
}

class GraphBuilder {
  readonly #pipeline: ParsedPipeline;
  readonly #graph = new PipelineGraph();
  readonly #nodes = new Map<string, GraphNode>();

  constructor(pipeline: ParsedPipeline) {
    this.#pipeline = pipeline;
  }

  build(): PipelineGraph {
    for (const stage of this.#pipeline.stages) this.#nodes.set(stage.name, this.#stage(stage));
    return this.#graph;
  }

  #input({ inputs }: ParsedStage, index = 0): GraphNode {
    const node = this.#nodes.get(inputs[index]!);
    assert(node !== undefined, 'a parsed pipeline has no unknown input');
    return node;
  }

  /** The nodes of a stage; the last one, which its readers read, has the stage's name or holds its rows. */
  #stage(stage: ParsedStage): GraphNode {
    const { name } = stage;
    const pointer = jsonPointer(['stages', name]);
    switch (stage.kind) {
      case 'source':
        return this.#graph.add({
          kind: 'source',
          name,
          inputs: [],
          parallelism: 1,
          isBounded: false,
          policy: policyOf(name, stage.onError),
          source: { kind: 'registered', definition: stage.source, options: stage.options },
        });
      case 'sink':
        return this.#graph.add({
          kind: 'sink',
          name,
          inputs: [this.#input(stage)],
          parallelism: 1,
          policy: policyOf(name, stage.onError),
          sink: { kind: 'registered', definition: stage.sink, options: stage.options },
        });
      case 'filter':
        return this.#transform(stage, filterEvents(stage.spec.filter, `${pointer}/filter`));
      case 'where':
        return this.#transform(stage, whereEvents(stage.spec.where, `${pointer}/where`));
      case 'select':
        return this.#transform(stage, selectEvents(namedExpressions(stage.spec.select, `${pointer}/select`)));
      case 'deduplicate': {
        const { by, within } = stage.spec.deduplicate;
        const keys = by.map((text, index) => ({ name: text, text, pointer: `${pointer}/deduplicate/by/${index}` }));
        const input = this.#input(stage);
        const isTolerant = policyOf(name, stage.spec.onError) !== undefined;
        return this.#operator(stage, isTolerant ? this.#transform(stage, checkKeys(keys), input, 'keys') : input, {
          label: 'deduplicate',
          routings: [{ kind: 'local' }],
          supplier: () => deduplicateEvents(keys, durationMs(within)),
        });
      }
      case 'enrich':
        return this.#enrich(stage, stage.spec, pointer);
      case 'mapAsync':
        return this.#mapAsync(stage, stage.spec, pointer);
      case 'merge':
        return this.#graph.add({
          kind: 'merge',
          name,
          isBytes: true,
          inputs: stage.inputs.map((_, index) => this.#input(stage, index)),
          parallelism: 1,
        });
      case 'distinct':
        return this.#distinct(stage, stage.spec, pointer);
      case 'aggregate':
        return this.#aggregate(stage, stage.spec, pointer);
      case 'join':
        return this.#join(stage, stage.spec, pointer);
    }
  }

  #enrich(stage: ParsedStage, spec: StageOf<'enrich'>, pointer: string): GraphNode {
    const { keys, names, request } = enrichParts(spec, pointer);
    const { source, hold, cache: given } = spec.enrich;
    const cache = hold === undefined ? { entries: given.entries, ttlMs: durationMs(given.ttl) } : undefined;
    return this.#operator(stage, this.#input(stage), {
      label: 'enrich',
      emitsByItself: true,
      asksOthers: true,
      routings: [{ kind: 'local' }],
      supplier: () => () => ({ process: () => true }),
      policy: policyOf(stage.name, spec.onError),
      lookup: {
        definition: source,
        request,
        supplier: (open, refusals) => enrichEvents({ keys, names, open, refusals, cache }),
      },
    });
  }

  #mapAsync(stage: ParsedStage, spec: StageOf<'mapAsync'>, pointer: string): GraphNode {
    const { keys, columns } = mapAsyncParts(spec, pointer);
    const { export: exportName, options, concurrency, timeout, retries } = spec.mapAsync;
    const names = columns.map(({ name }) => name);
    return this.#operator(stage, this.#input(stage), {
      label: 'mapAsync',
      emitsByItself: true,
      asksOthers: true,
      routings: [{ kind: 'local' }],
      supplier: () => () => ({ process: () => true }),
      policy: policyOf(stage.name, spec.onError),
      module: (url, refusals) =>
        enrichEvents({
          refusals,
          keys,
          takesNull: true,
          names,
          isRepeated: false,
          open: async (_, { clock, signal }) =>
            new ModuleCalls({
              function: await importFunction(url, exportName),
              parameters: keys.map(({ name }) => name),
              columns,
              options,
              concurrency,
              tellsFailures: refusals !== undefined,
              attempts: {
                clock,
                signal,
                stage: stage.name,
                retries,
                backoffMs: CALL_BACKOFF_MS,
                timeoutMs: durationMs(timeout),
              },
            }),
        }),
    });
  }

  #distinct(stage: ParsedStage, { distinct, within }: StageOf<'distinct'>, pointer: string): GraphNode {
    const groups = namedExpressions(distinct, `${pointer}/distinct`);
    const rows = this.#rows(stage, { groups }, undefined);
    const first = this.#operator(stage, rows, {
      label: 'distinct',
      routings: [{ kind: 'keyed', keyOf: ({ key }: EventRow) => key }],
      needsTime: true,
      supplier: (mode) =>
        statefulMap({ ...firstOfKey, keyOf: ({ key }: EventRow) => key, ttlMs: durationMs(within), mode }),
    });
    return this.#events(
      stage,
      first,
      ({ form, key }: EventRow) => ({ result: { key, values: [], types: new FormScope(form).keyTypeTexts } }),
      { groups: groups.map((each) => each.name), columns: [], hasWindow: false },
    );
  }

  #aggregate(stage: ParsedStage, spec: StageOf<'aggregate'>, pointer: string): GraphNode {
    const groups = namedExpressions(spec.groupBy ?? [], `${pointer}/groupBy`);
    const aggregates = namedExpressions(spec.aggregate, `${pointer}/aggregate`);
    const operation = aggregateEvents(aggregates, groups);
    const keyOf = groups.length === 0 ? undefined : ({ key }: EventRow) => key;
    const names = { groups: groups.map((each) => each.name), columns: aggregates.map((each) => each.name) };
    const { window } = spec;
    if (window === undefined) {
      const rows = this.#rows(stage, { groups, aggregates }, undefined);
      const rolled = this.#operator(stage, rows, {
        label: 'running aggregate',
        routings: [keyOf === undefined ? { kind: 'one' } : { kind: 'keyed', keyOf }],
        supplier: (mode) => rollingAggregate({ keyOf, layout: layoutOf(operation, 1), mode }),
      });
      return this.#events(stage, rolled, ({ result }: { result: AggregateResult }) => ({ result }), {
        ...names,
        hasWindow: false,
      });
    }
    const rows = this.#rows(stage, { groups, aggregates, timestamp: timestampOf(window, pointer) }, window);
    const aggregated = this.#graph.add({
      ...aggregateNode(this.#graph, {
        operation,
        inputs: [rows],
        keyOfs: keyOf && [keyOf],
        window: windowOf(window),
      }),
      name: stage.name,
    });
    return this.#events(
      stage,
      aggregated,
      ({ start, end, result }: KeyedWindowResult<never, AggregateResult>) => ({ start, end, result }),
      { ...names, hasWindow: true },
    );
  }

  #join(stage: ParsedStage, spec: StageOf<'join'>, pointer: string): GraphNode {
    const { outputs, sides, keyCount, on } = joinParts(spec, pointer);
    const { window, kind } = spec.join;
    const side = (which: Side, index: number): GraphNode => {
      const groups = on.map((pair) => pair[index]!);
      const options = { groups, values: columnsOfSide(outputs, sides, which), timestamp: timestampOf(window, pointer) };
      return this.#rows(stage, options, window, this.#input(stage, index), `-${which}`);
    };
    const keyOf = ({ key }: EventRow) => key;
    const { coAggregate, toList } = AggregateOperations;
    const joined = this.#graph.add({
      ...aggregateNode(this.#graph, {
        operation: coAggregate(toList<EventRow>(), toList<EventRow>()),
        inputs: [side('left', 0), side('right', 1)],
        keyOfs: [keyOf, keyOf],
        window: windowOf(window),
      }),
      name: stage.name,
    });
    const pairs = this.#fused(
      `${stage.name}-pairs`,
      'pairs',
      { flatMap: joinEvents(outputs, sides, keyCount, kind === 'left') },
      joined,
    );
    const names = outputs.map(({ name }) => name);
    return this.#events(stage, pairs, (row: object) => row, {
      groups: names.slice(0, keyCount),
      columns: names.slice(keyCount),
      hasWindow: false,
    });
  }

  /** The values a stage needs, as rows with event times and watermarks. */
  #rows(
    stage: ParsedStage,
    options: RowsOfEventsOptions,
    window: WindowOptions | undefined,
    input = this.#input(stage),
    side = '',
  ): GraphNode {
    const rows = this.#transform(stage, rowsOfEvents(options), input, `rows${side}`, side);
    const allowedLagMs = durationMs(window?.lag ?? '0s');
    const idleMs = window?.idle === undefined ? IDLE_MS : durationMs(window.idle);
    return this.#operator(
      stage,
      rows,
      {
        label: 'timestamps',
        routings: [{ kind: 'local' }],
        assignsTime: true,
        supplier: (mode) => assignTimestamps({ from: 'native', allowedLagMs, idleMs, mode }),
      },
      `timestamps${side}`,
    );
  }

  /** Results as change events. */
  #events(
    stage: ParsedStage,
    from: GraphNode,
    shape: (row: never) => object,
    names: { readonly groups: readonly string[]; readonly columns: readonly string[]; readonly hasWindow: boolean },
  ): GraphNode {
    const shaped = this.#fused(`${stage.name}-shape`, 'shape', { map: shape as (row: unknown) => object }, from);
    const transform = eventsOfResults({ stage: stage.name, ...names, clock: systemClock });
    return this.#fused(`${stage.name}-events`, 'events', { transform }, shaped);
  }

  #transform(
    stage: ParsedStage,
    // biome-ignore lint/suspicious/noExplicitAny: each takes batches of its kind
    transform: (batch: any) => Batch | undefined,
    input = this.#input(stage),
    part?: string,
    side = '',
  ): GraphNode {
    const name = part === undefined ? stage.name : `${stage.name}-${part}`;
    const onError = 'spec' in stage && 'onError' in stage.spec ? stage.spec.onError : undefined;
    const policy = policyOf(`${stage.name}${side}`, onError);
    if (policy === undefined) return this.#fused(name, part ?? stage.kind, { transform }, input);
    return this.#operator(
      stage,
      input,
      {
        label: part ?? stage.kind,
        routings: [{ kind: 'local' }],
        // Letters come back when somebody says so, not when a source has rows.
        emitsByItself: true,
        policy,
        supplier: (_, refusals) => () => refusingTransform(transform, refusals!),
      },
      part,
    );
  }

  #fused(name: string, label: string, fused: FusedNode['stage'], input: GraphNode): GraphNode {
    return this.#graph.add({ kind: 'fused', name, label, inputs: [input], parallelism: 'inherit', stage: fused });
  }

  #operator(
    stage: ParsedStage,
    input: GraphNode,
    parts: Pick<
      OperatorNode,
      | 'label'
      | 'routings'
      | 'assignsTime'
      | 'needsTime'
      | 'emitsByItself'
      | 'asksOthers'
      | 'lookup'
      | 'module'
      | 'policy'
      | 'supplier'
    >,
    part?: string,
  ): GraphNode {
    const isKeyed = parts.routings[0]!.kind === 'keyed';
    return this.#graph.add({
      kind: 'operator',
      name: part === undefined ? stage.name : `${stage.name}-${part}`,
      inputs: [input],
      // Records set aside have an order, so they are by one instance.
      parallelism: isKeyed ? 'threads' : parts.policy === undefined ? 'inherit' : 1,
      isCooperative: true,
      ...parts,
    });
  }
}

const firstOfKey = {
  create: () => ({ isSeen: false }),
  step: (state: { isSeen: boolean }, _key: unknown, row: EventRow, _timeMs: number, emit: (row: EventRow) => void) => {
    if (!state.isSeen) emit(row);
    state.isSeen = true;
  },
  isTtlFixed: true,
};
