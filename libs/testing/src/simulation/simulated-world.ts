import type { ProcessorSupplier } from '@millrace/engine';
import type { SinkContext, SourceContext } from '@millrace/operators';
import { type BatchSource, type Sink, Sinks, Sources, type StreamSource } from '@millrace/pipeline';
import { deepFreeze } from '../processor/deep-freeze.ts';
import type { SeededRandom } from '../shop/seeded-random.ts';
import type { Fault } from './faults/fault.ts';
import type { Findings } from './findings.ts';
import { randomFor } from './loop/seeds.ts';
import { logSource } from './outside/log-source.ts';
import type { Outside } from './outside/outside.ts';
import { SourceLog } from './outside/source-log.ts';
import { type SinkChecks, Target } from './outside/target.ts';
import { targetSink } from './outside/target-sink.ts';

const SPLITS = 3;
const BURST_ROWS_MAX = 24;

export interface SimulatedSourceOptions<Row> {
  /** The rows of one split, in order; the same for the same random numbers. */
  readonly rows: (split: number, random: SeededRandom) => readonly Row[];
  /** Event time, milliseconds. With it the source is timestamped and sends watermarks of its own. */
  readonly timeOf?: ((row: Row) => number) | undefined;
  /** With `timeOf`: how much later a row may come than newer ones of its split, milliseconds. Default 0. */
  readonly lagMs?: number | undefined;
  /** Parts of the log that are read independently. Default 3. */
  readonly splits?: number | undefined;
  /** Rows that arrive together, at most. Default 24. */
  readonly burstRowsMax?: number | undefined;
  /** Instances; default `threads`. */
  readonly parallelism?: number | 'threads' | undefined;
}

export interface WorldParts {
  readonly seed: number;
  readonly outside: Outside;
  readonly findings: Findings;
  readonly faults: readonly Fault[];
  readonly generationOf: (context: SinkContext) => number;
  readonly witnessed: () => number;
  /** Whether no newer generation has been claimed. */
  readonly isOwner: (context: SourceContext) => boolean;
  /** Tells the paces of two attempts apart. */
  readonly paceOf: (context: SourceContext) => string;
  /** What the targets show already. */
  readonly targets?: ReadonlyMap<string, Target> | undefined;
}

/** What a simulated pipeline reads from and writes to: systems that survive its processes, named. */
export class SimulatedWorld {
  /** Seed of the run, for pipelines that the seed builds. */
  readonly seed: number;
  readonly targets = new Map<string, Target>();
  readonly logs = new Map<string, SourceLog>();
  readonly #parts: WorldParts;

  constructor(parts: WorldParts) {
    this.seed = parts.seed;
    this.#parts = parts;
    for (const [name, target] of parts.targets ?? []) this.targets.set(name, target);
  }

  /** A replayable stream, which ends as well; what a committed snapshot covers is forgotten by its system. */
  source<Row>(name: string, options: SimulatedSourceOptions<Row>): StreamSource<Row> {
    const { timeOf, parallelism = 'threads' } = options;
    const isTimestamped = timeOf !== undefined;
    return Sources.streamFromProcessor(name, this.#supplier(name, options), { parallelism, isTimestamped });
  }

  /** The same as a batch: without event times. */
  batch<Row>(name: string, options: Omit<SimulatedSourceOptions<Row>, 'timeOf' | 'lagMs'>): BatchSource<Row> {
    const { parallelism = 'threads' } = options;
    return Sources.batchFromProcessor(name, this.#supplier(name, options), { parallelism });
  }

  /** An exactly-once sink. What it shows at the end is compared with an undisturbed run, and checked by `checks`. */
  sink<Row>(name: string, checks: SinkChecks<Row> = {}): Sink<Row> {
    const { outside, findings, faults, generationOf, witnessed } = this.#parts;
    let target = this.targets.get(name);
    if (target === undefined) {
      target = new Target(name, checks as SinkChecks<unknown>, { findings, witnessed });
      this.targets.set(name, target);
    }
    return Sinks.of(name, targetSink<Row>(target, { outside, faults, generationOf }));
  }

  #supplier<Row>(name: string, options: SimulatedSourceOptions<Row>): ProcessorSupplier {
    const { rows, timeOf, lagMs = 0, splits = SPLITS, burstRowsMax = BURST_ROWS_MAX } = options;
    const { seed, outside, findings, paceOf, isOwner } = this.#parts;
    let log = this.logs.get(name) as SourceLog<Row> | undefined;
    if (log === undefined) {
      const all = Array.from({ length: splits }, (_, split) =>
        rows(split, randomFor(seed, `rows ${name} ${split}`)).map((row) => deepFreeze(row)),
      );
      log = new SourceLog(name, all, findings);
      this.logs.set(name, log);
    }
    return logSource(log, {
      timeOf,
      lagMs,
      burstRowsMax,
      outside,
      isOwner,
      randomFor: (context) => randomFor(seed, `pace ${name} ${paceOf(context)}`),
    });
  }
}
