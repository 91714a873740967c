import type { Catalog } from '@millrace/catalog';
import {
  type Finding,
  guaranteeFor,
  type Resolved,
  type SinkConnector,
  type SourceConnector,
  type SourceShape,
} from '@millrace/connector-contract';
import type { Column } from '@millrace/formats';
import { errorCode, MillraceError } from '@millrace/kernel';
import {
  checkInput,
  errorIssue,
  type InputIssue,
  jsonPointer,
  LETTER_TABLE,
  letterCopies,
  lettersOf,
  type ParsedInnerStage,
  type ParsedPipeline,
  type ParsedStage,
  stageTables,
} from '@millrace/pipeline';
import { inBatches } from './in-batches.ts';
import type { StageDefinition } from './stage-definitions.ts';

const PREFLIGHT_MS_MAX = 20_000;
const STAGES_AT_ONCE = 4;

/** Stages that hand events on as they come, one stream, in order. */
const PASSES_POSITIONS: ReadonlySet<ParsedStage['kind']> = new Set(['filter', 'where', 'select', 'enrich', 'mapAsync']);

const LETTERS: SourceShape = { tables: [LETTER_TABLE] };

const PreflightTimeout = errorCode('job.preflight_timeout', {
  domain: 'external',
  retry: 'later',
  title: 'A system of the job did not answer in time',
});

/** What one stage brought to light; `shape` when its tables are known. */
interface Outcome {
  readonly shape: SourceShape | undefined;
  readonly findings: readonly Finding[];
}

export interface Preflight {
  readonly issues: readonly InputIssue[];
  readonly warnings: readonly Finding[];
}

/** Asks the systems of a job whether they can do what it wants: sources first, then what flows from them to the sinks. Changes nothing. */
export class PreflightRun {
  readonly #catalog: Catalog;
  readonly #definitions: ReadonlyMap<string, StageDefinition>;
  readonly #jobId: string;
  readonly #pipeline: ParsedPipeline;
  readonly #signal = AbortSignal.timeout(PREFLIGHT_MS_MAX);

  constructor(catalog: Catalog, jobId: string, pipeline: ParsedPipeline, definitions: readonly StageDefinition[]) {
    this.#catalog = catalog;
    this.#jobId = jobId;
    this.#pipeline = pipeline;
    this.#definitions = new Map(definitions.map((definition) => [definition.stage, definition]));
  }

  async run(): Promise<Preflight> {
    const outcomes = new Map<string, Outcome>();
    const ofKind = (kind: ParsedStage['kind']) => this.#pipeline.stages.filter((stage) => stage.kind === kind);
    const record = async (stage: ParsedStage, run: () => Promise<Outcome>): Promise<void> => {
      outcomes.set(stage.name, await this.#guarded(stage, run));
    };
    await inBatches(ofKind('source'), STAGES_AT_ONCE, (stage) => record(stage, () => this.#source(stage)));
    for (const stage of this.#pipeline.stages) {
      if (stage.kind !== 'source' && stage.kind !== 'sink') await record(stage, () => this.#inner(stage, outcomes));
    }
    await inBatches(ofKind('sink'), STAGES_AT_ONCE, (stage) =>
      record(stage, () => this.#sink(stage, shapeOf(stage, outcomes))),
    );
    const withCopies = this.#pipeline.stages.filter((stage) => letterCopies(stage) !== undefined);
    const copies: Finding[] = [];
    await inBatches(withCopies, STAGES_AT_ONCE, async (stage) => {
      copies.push(...(await this.#letters(stage)));
    });
    const found = [...this.#pipeline.stages.flatMap(({ name }) => outcomes.get(name)!.findings), ...copies];
    return {
      issues: found.filter(({ severity }) => severity === 'error').map(toIssue),
      warnings: found.filter(({ severity }) => severity === 'warning'),
    };
  }

  async #source(stage: ParsedStage): Promise<Outcome> {
    const { connector, role, definition } = this.#definitions.get(stage.name)!;
    const resolved = await this.#resolve(stage.name);
    if (Array.isArray(resolved)) return { shape: undefined, findings: resolved };
    const source = connector as SourceConnector;
    const [general, described] = await Promise.all([
      source.check(resolved.config as never, this.#signal),
      source.describe(resolved as never, this.#signal),
    ]);
    const label = `${role} "${definition.name}"`;
    const findings = merge(
      [...this.#outOfReach(stage.name), ...located(general, stage.name, role, label, [])],
      this.#locatedInStage(described.findings, stage.name),
    );
    const failed = described.findings.some(({ severity }) => severity === 'error');
    return { shape: failed ? undefined : described.shape, findings };
  }

  /** What a stage between sources and sinks makes of the tables; an expression that does not fit them is a finding. */
  async #inner(stage: ParsedInnerStage, outcomes: ReadonlyMap<string, Outcome>): Promise<Outcome> {
    const inputs = stage.inputs.map((input) => outcomes.get(input)?.shape);
    if (!inputs.every((shape) => shape !== undefined)) return { shape: undefined, findings: [] };
    const found = stage.kind === 'enrich' ? await this.#lookedUp(stage) : [];
    const tables = stageTables(
      stage,
      inputs.map((shape) => shape.tables),
      found,
    );
    const hasPositions = PASSES_POSITIONS.has(stage.kind) && inputs.every((shape) => shape.hasPositions === true);
    return { shape: { tables, hasPositions }, findings: [] };
  }

  /** The columns that an enrich stage looks up: the system is asked. */
  async #lookedUp({ name, spec }: Extract<ParsedInnerStage, { kind: 'enrich' }>): Promise<readonly Column[]> {
    const { connector, definition } = this.#definitions.get(name)!;
    const { config } = await this.#catalog.definitions.resolveDefinition('source', definition);
    const { table, on, select } = spec.enrich;
    const request = { table, keyColumns: Object.keys(on), columns: Object.values(select) };
    const source = connector as SourceConnector;
    const lookup = await source.openLookup!(source.config.parse(config) as never, request, this.#signal);
    await using _ = lookup;
    return lookup.columns;
  }

  async #sink(stage: Pick<ParsedStage, 'name'>, input: SourceShape | undefined): Promise<Outcome> {
    const { connector, role, definition } = this.#definitions.get(stage.name)!;
    const resolved = await this.#resolve(stage.name);
    if (Array.isArray(resolved)) return { shape: undefined, findings: resolved };
    const sink = connector as SinkConnector;
    const [general, staged] = await Promise.all([
      sink.check(resolved.config as never, this.#signal),
      // Without its input the sink cannot be judged, but it can be reached or not.
      input === undefined ? [] : sink.checkStage(resolved as never, input, this.#signal),
    ]);
    const label = `${role} "${definition.name}"`;
    return {
      shape: undefined,
      findings: merge(
        [...this.#outOfReach(stage.name), ...located(general, stage.name, role, label, [])],
        this.#locatedInStage(staged, stage.name),
      ),
    };
  }

  /** The sink that gets copies of the stage's letters. */
  async #letters({ name, kind }: ParsedStage): Promise<readonly Finding[]> {
    const stage = lettersOf(name);
    const { findings } = await this.#guarded({ name: stage, kind }, () => this.#sink({ name: stage }, LETTERS));
    const own = jsonPointer(['stages', stage]);
    const given = jsonPointer(['stages', name, 'onError', 'copyTo']);
    return findings.map((finding) => ({
      ...finding,
      pointer: finding.pointer?.startsWith(own) === true ? given + finding.pointer.slice(own.length) : finding.pointer,
    }));
  }

  /** The job asks for more than the connector holds. */
  #outOfReach(stage: string): readonly Finding[] {
    const { connector, role, definition, options } = this.#definitions.get(stage)!;
    const held = guaranteeFor(connector, options as Readonly<Record<string, unknown>>);
    const { guarantee } = this.#pipeline;
    if (held === undefined || held.level === 'exactly-once' || guarantee === 'none') return [];
    const mode = Object.keys(held.mode)[0];
    const pointer = jsonPointer(['stages', stage, mode ?? role]);
    // The job still counts once whatever it has got, which no other guarantee gives.
    if (held.level === 'at-most-once')
      return [
        {
          code: `job.${role}_may_lose`,
          severity: 'warning',
          message: `${role} "${definition.name}" holds at-most-once: ${held.how}`,
          mend: `If no row may be lost, use another ${role}${mode === undefined ? '' : ` or ${mode}`}.`,
          pointer,
        },
      ];
    if (guarantee !== 'exactly-once') return [];
    return [
      {
        code: 'job.guarantee_out_of_reach',
        severity: 'error',
        message: `${role} "${definition.name}" holds at-least-once at most, and the job asks for exactly-once: ${held.how}`,
        mend: `Set "guarantee": "at-least-once" on the job, or use another ${role}${mode === undefined ? '' : ` or ${mode}`}.`,
        pointer,
      },
    ];
  }

  /** The options in the clear, or what keeps them from being so. */
  async #resolve(stage: string): Promise<Resolved<unknown, unknown> | Finding[]> {
    const { role, definition, connector, options } = this.#definitions.get(stage)!;
    const { config } = await this.#catalog.definitions.resolveDefinition(role, definition);
    const checked = checkInput(connector.config, config);
    if (checked.value === undefined) {
      const issues = checked.issues.map((issue): Finding => ({ ...issue, severity: 'error' }));
      return [...located(issues, stage, role, `${role} "${definition.name}"`, [])];
    }
    return { config: checked.value, stage: options, job: { jobId: this.#jobId, jobName: this.#pipeline.name, stage } };
  }

  /** A pointer of a stage's finding leads into the stage's options if it starts with one of them, else into the definition. */
  #locatedInStage(findings: readonly Finding[], stage: string): readonly Finding[] {
    const { role, definition, options } = this.#definitions.get(stage)!;
    return located(findings, stage, role, `${role} "${definition.name}"`, Object.keys(options as object));
  }

  /** An error that names itself is a finding like the others; a system that does not answer in time as well. */
  async #guarded(stage: Pick<ParsedStage, 'name' | 'kind'>, run: () => Promise<Outcome>): Promise<Outcome> {
    try {
      return await run();
    } catch (error) {
      const isOurs = error instanceof MillraceError;
      if (!isOurs && !this.#signal.aborted) throw error;
      const named = isOurs
        ? error
        : new MillraceError(PreflightTimeout, {
            message: `the system of stage "${stage.name}" did not answer within ${PREFLIGHT_MS_MAX / 1_000} s`,
            mend: 'Check host, port and firewall of the definition.',
          });
      const issue = errorIssue(named, jsonPointer(['stages', stage.name]));
      const pointer = issue.pointer.startsWith('/stages/')
        ? issue.pointer
        : jsonPointer(['stages', stage.name, stage.kind]);
      return { shape: undefined, findings: [{ ...issue, pointer, severity: 'error' }] };
    }
  }
}

function shapeOf(stage: ParsedStage, outcomes: ReadonlyMap<string, Outcome>): SourceShape | undefined {
  const shapes = stage.inputs.map((input) => outcomes.get(input)?.shape);
  if (!shapes.every((shape) => shape !== undefined)) return undefined;
  return {
    tables: shapes.flatMap((shape) => shape.tables),
    hasPositions: shapes.every((shape) => shape.hasPositions === true),
  };
}

function located(
  findings: readonly Finding[],
  stage: string,
  role: string,
  label: string,
  stageFields: readonly string[],
): readonly Finding[] {
  return findings.map((finding) => {
    const field = finding.pointer?.split('/')[1];
    const isStageField = field !== undefined && stageFields.includes(field);
    const pointer = isStageField
      ? jsonPointer(['stages', stage]) + finding.pointer
      : jsonPointer(['stages', stage, role]);
    return {
      ...finding,
      pointer,
      message: finding.message.includes(label) ? finding.message : `${label}: ${finding.message}`,
    };
  });
}

/** A system says the same about itself whether asked in general or for a stage. The stage's word is nearer to the user's document. */
function merge(general: readonly Finding[], ofStage: readonly Finding[]): readonly Finding[] {
  const said = new Set(ofStage.map(({ code, message }) => `${code} ${message}`));
  return [...general.filter(({ code, message }) => !said.has(`${code} ${message}`)), ...ofStage];
}

const toIssue = ({ code, message, mend, pointer }: Finding): InputIssue => ({
  code,
  message,
  mend: mend ?? 'Repair it, then send the job again.',
  pointer: pointer ?? '/stages',
});
