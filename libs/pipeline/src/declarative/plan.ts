import type { ConnectorRegistry, JobIdentity } from '@millrace/connector-contract';
import { Dag, type ProcessorSupplier } from '@millrace/engine';
import { isChangeBatch, parseSelect, projectBatch, type Selection } from '@millrace/formats';
import { assert } from '@millrace/kernel';
import { fusedLoop } from '@millrace/operators';
import { jsonPointer } from './input-issue.ts';
import type { ParsedPipeline, ParsedSelectStage, ParsedSinkStage, ParsedSourceStage, ParsedStage } from './validate.ts';

/** A registered source or sink as a job uses it: secrets resolved, so it lives in memory only. */
export interface UsedDefinition {
  readonly type: string;
  readonly config: unknown;
}

export interface PlanOptions {
  readonly jobId: string;
  readonly registry: ConnectorRegistry;
  /** Registered sources and sinks by name. */
  readonly sources: Readonly<Record<string, UsedDefinition>>;
  readonly sinks: Readonly<Record<string, UsedDefinition>>;
}

/**
 * Makes the DAG of a pipeline. A source or sink stage is a vertex with the stage's name; a chain of select stages that nobody else
 * reads from is one vertex, named after its last stage. A stage with several readers is a fork: each gets every batch.
 */
export function planPipeline(pipeline: ParsedPipeline, options: PlanOptions): Dag {
  return new Planner(pipeline, options).plan();
}

class Planner {
  readonly #pipeline: ParsedPipeline;
  readonly #options: PlanOptions;
  readonly #stages: ReadonlyMap<string, ParsedStage>;

  constructor(pipeline: ParsedPipeline, options: PlanOptions) {
    this.#pipeline = pipeline;
    this.#options = options;
    this.#stages = new Map(pipeline.stages.map((stage) => [stage.name, stage]));
  }

  plan(): Dag {
    const dag = new Dag();
    const planned = this.#pipeline.stages.filter((stage) => !this.#isFused(stage));
    for (const stage of planned) dag.vertex(stage.name, this.#supplier(stage));
    for (const stage of planned) {
      const first = stage.kind === 'select' ? this.#chain(stage)[0]! : stage;
      for (const input of first.inputs) dag.edge(input, stage.name);
    }
    return dag;
  }

  #readers(name: string): readonly ParsedStage[] {
    return this.#pipeline.stages.filter((stage) => stage.inputs.includes(name));
  }

  /** A select that only another select reads from is part of that one's vertex. */
  #isFused(stage: ParsedStage): boolean {
    if (stage.kind !== 'select') return false;
    const readers = this.#readers(stage.name);
    return readers.length === 1 && readers[0]!.kind === 'select';
  }

  /** The selects of a vertex, in the order the rows pass them; `last` ends it. */
  #chain(last: ParsedSelectStage): readonly ParsedSelectStage[] {
    const input = this.#stages.get(last.inputs[0]!);
    assert(input !== undefined, 'a parsed pipeline has no unknown input');
    return input.kind === 'select' && this.#isFused(input) ? [...this.#chain(input), last] : [last];
  }

  #supplier(stage: ParsedStage): ProcessorSupplier {
    if (stage.kind === 'source') return this.#source(stage);
    if (stage.kind === 'sink') return this.#sink(stage);
    return fusedLoop(this.#chain(stage).map((select) => ({ transform: projecting(selectionOf(select)) })));
  }

  #source(stage: ParsedSourceStage): ProcessorSupplier {
    const definition = this.#options.sources[stage.source];
    assert(definition !== undefined, `source ${stage.source} is not among the definitions of the job`);
    const connector = this.#options.registry.source(definition.type);
    return connector.createSource({
      config: connector.config.parse(definition.config) as never,
      stage: connector.stage.parse(stage.options) as never,
      job: this.#identity(stage.name),
      sinksShowRowsAtOnce: this.#sinksOf(stage.name).some((sink) => this.#showsRowsAtOnce(sink)),
    });
  }

  #sink(stage: ParsedSinkStage): ProcessorSupplier {
    const definition = this.#options.sinks[stage.sink];
    assert(definition !== undefined, `sink ${stage.sink} is not among the definitions of the job`);
    const connector = this.#options.registry.sink(definition.type);
    return connector.createSink({
      config: connector.config.parse(definition.config) as never,
      stage: connector.stage.parse(stage.options) as never,
      job: this.#identity(stage.name),
    });
  }

  #showsRowsAtOnce(stage: ParsedSinkStage): boolean {
    const connector = this.#options.registry.sink(this.#options.sinks[stage.sink]!.type);
    return connector.showsRowsAtOnce(connector.stage.parse(stage.options) as never);
  }

  /** Sinks that rows of this stage can reach. */
  #sinksOf(name: string): readonly ParsedSinkStage[] {
    return this.#readers(name).flatMap((reader) => (reader.kind === 'sink' ? [reader] : this.#sinksOf(reader.name)));
  }

  #identity(stage: string): JobIdentity {
    return { jobId: this.#options.jobId, jobName: this.#pipeline.name, stage };
  }
}

const selectionOf = (stage: ParsedSelectStage): Selection =>
  parseSelect(stage.select, jsonPointer(['stages', stage.name, 'select']));

const projecting = (selection: Selection) => (batch: Parameters<typeof isChangeBatch>[0]) => {
  assert(isChangeBatch(batch), 'a select stage reads change events');
  return projectBatch(batch, selection);
};
