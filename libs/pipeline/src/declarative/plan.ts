import type { ConnectorRegistry, ReloadRequest } from '@millrace/connector-contract';
import type { Dag } from '@millrace/engine';
import { assert, errorCode, MillraceError } from '@millrace/kernel';
import { timingShown } from '../lag/timing-shown.ts';
import { planGraph, type RegisteredSuppliers, toDag } from '../planner/plan-graph.ts';
import { lettersOf } from '../refusals/letter-rows.ts';
import type { OpenLetterStore } from '../refusals/letter-store.ts';
import { buildGraph } from './build-graph.ts';
import type { ParsedPipeline } from './validate.ts';

/** A registered source or sink as a job uses it: secrets resolved, so it lives in memory only. */
export interface UsedDefinition {
  readonly type: string;
  readonly config: unknown;
}

export interface RegisteredOptions {
  readonly jobId: string;
  readonly jobName: string;
  readonly registry: ConnectorRegistry;
  /** Registered sources and sinks by name. */
  readonly sources: Readonly<Record<string, UsedDefinition>>;
  readonly sinks: Readonly<Record<string, UsedDefinition>>;
  /** File of the module whose functions the stages call. */
  readonly moduleUrl?: string | undefined;
  /** Where stages keep the records they cannot take. */
  readonly letters?: OpenLetterStore | undefined;
  /** Requests to load tables again that are open, each for a source stage. */
  readonly loads?: readonly StageReload[] | undefined;
}

/** Tables of a source stage that are to be loaded again. */
export interface StageReload extends ReloadRequest {
  readonly stage: string;
}

export interface PlanOptions extends Omit<RegisteredOptions, 'jobName'> {
  /** Engine threads of a member. */
  readonly threads: number;
}

const NeverRefuses = errorCode('pipeline.never_refuses', {
  domain: 'user',
  retry: 'never',
  title: 'The source or sink cannot go on without single records',
});

const neverRefuses = (stage: string, role: 'source' | 'sink', type: string): MillraceError =>
  new MillraceError(NeverRefuses, {
    message: `stage "${stage}" has onError, and a ${role} of type ${type} with these options cannot go on without single records`,
    mend: 'Leave onError out here, and give it to a stage of the job that checks the records; docs/dead-letters.md says which sources and sinks can, with which options.',
    details: { stage, type },
  });

/** Makes the DAG of a declarative pipeline. */
export function planPipeline(pipeline: ParsedPipeline, { threads, ...options }: PlanOptions): Dag {
  const registered = registeredSuppliers({ ...options, jobName: pipeline.name });
  return toDag(planGraph(buildGraph(pipeline), { threads, registered }));
}

/** The processors of registered sources and sinks, made by their connectors. */
export function registeredSuppliers({
  jobId,
  jobName,
  registry,
  sources,
  sinks,
  moduleUrl,
  letters,
  loads = [],
}: RegisteredOptions): RegisteredSuppliers {
  const used = (definitions: typeof sources, name: string): UsedDefinition => {
    const definition = definitions[name];
    assert(definition !== undefined, `${name} is not among the definitions of the job`);
    return definition;
  };
  return {
    moduleUrl,
    source(stage, { definition, options }, sinksShowRowsAtOnce, refusals) {
      const { type, config } = used(sources, definition);
      const connector = registry.source(type);
      const checked = connector.stage.parse(options) as never;
      if (refusals !== undefined && connector.refuses?.(checked) !== true) throw neverRefuses(stage, 'source', type);
      return connector.createSource({
        config: connector.config.parse(config) as never,
        stage: checked,
        job: { jobId, jobName, stage },
        sinksShowRowsAtOnce,
        refusals,
        reloads: loads.filter((load) => load.stage === stage).map(({ id, tables }) => ({ id, tables })),
      });
    },
    letters,
    sink(stage, { definition, options }, refusals) {
      const { type, config } = used(sinks, definition);
      const connector = registry.sink(type);
      const checked = connector.stage.parse(options) as never;
      if (refusals !== undefined && connector.refuses?.(checked) !== true) throw neverRefuses(stage, 'sink', type);
      const supplier = connector.createSink({
        config: connector.config.parse(config) as never,
        stage: checked,
        job: { jobId, jobName, stage },
        refusals,
      });
      return connector.showsRowsAtOnce(checked) ? supplier : (instance) => timingShown(supplier(instance));
    },
    letterSink(stage, { definition, options }) {
      const { type, config } = used(sinks, definition);
      const connector = registry.sink(type);
      return connector.createSink({
        config: connector.config.parse(config) as never,
        stage: connector.stage.parse({ ...connector.letterOptions, ...options }) as never,
        job: { jobId, jobName, stage: lettersOf(stage) },
      });
    },
    openLookup(definition, request, signal) {
      const { type, config } = used(sources, definition);
      const connector = registry.source(type);
      assert(connector.openLookup !== undefined, `sources of type ${type} cannot look rows up`);
      return connector.openLookup(connector.config.parse(config) as never, request, signal);
    },
    skipsWhatItPassed({ definition, options }) {
      const connector = registry.sink(used(sinks, definition).type);
      return connector.skipsWhatItPassed?.(connector.stage.parse(options) as never) ?? false;
    },
    showsRowsAtOnce({ definition, options }) {
      const connector = registry.sink(used(sinks, definition).type);
      return connector.showsRowsAtOnce(connector.stage.parse(options) as never);
    },
  };
}
