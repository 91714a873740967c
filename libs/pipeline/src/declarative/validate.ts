import { assert, errorCode, MillraceError, parseDurationMs, suggestNames } from '@millrace/kernel';
import { referencedColumns } from '@millrace/sql';
import { checkInput, errorIssue, type InputIssue, jsonPointer, quoteName } from './input-issue.ts';
import { type PipelineDocument, pipelineSchema } from './spec.ts';
import { stageExpressions } from './stage-expressions.ts';
import { policyOf } from './stage-parts.ts';
import { nameSchema, type OnError, type StageKind, type StageOf, stageSchemas } from './stage-schemas.ts';

const user = { domain: 'user', retry: 'never' } as const;
/** `details.errors` holds every `InputIssue`. */
export const InvalidPipeline = errorCode('pipeline.invalid', { ...user, title: 'The pipeline is not valid' });
const StageKindUnclear = errorCode('pipeline.stage_kind', { ...user, title: 'Not exactly one kind of stage' });
const UnknownInput = errorCode('pipeline.unknown_input', { ...user, title: 'Unknown input' });
const RepeatedInput = errorCode('pipeline.repeated_input', { ...user, title: 'Repeated input' });
const InputIsSink = errorCode('pipeline.input_is_sink', { ...user, title: 'A sink has no output' });
const Cycle = errorCode('pipeline.cycle', { ...user, title: 'Stages feed each other in a circle' });
const NoKey = errorCode('pipeline.aggregate_without_key', { ...user, title: 'An aggregate without a key' });
const SeveralInputs = errorCode('pipeline.several_inputs', { ...user, title: 'A sink with several inputs' });
const SeveralModules = errorCode('pipeline.several_modules', { ...user, title: 'Stages of several modules' });
const LetterNameTaken = errorCode('pipeline.letter_name_taken', {
  ...user,
  title: 'No name for the letters of a join',
});
const UnusedStage = errorCode('pipeline.unused_stage', { ...user, title: 'Unused stage' });
const MissingRole = errorCode('pipeline.incomplete', { ...user, title: 'No source or no sink' });
const TooManyStages = errorCode('pipeline.too_many_stages', { ...user, title: 'Too many stages' });

const STAGES_MAX = 100;

interface ParsedStageBase {
  readonly name: string;
  /** Names of the stages it reads from, as written; empty for a source. */
  readonly inputs: readonly string[];
}

export interface ParsedSourceStage extends ParsedStageBase {
  readonly kind: 'source';
  /** Name of the registered source. */
  readonly source: string;
  readonly onError: OnError;
  /** For the connector's `stage` schema. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** Kinds of stages between sources and sinks. */
export type InnerKind = Exclude<StageKind, 'source' | 'sink'>;

/** A stage that changes, groups or joins what flows through it. */
export type ParsedInnerStage = {
  readonly [Kind in InnerKind]: ParsedStageBase & { readonly kind: Kind; readonly spec: StageOf<Kind> };
}[InnerKind];

export interface ParsedSinkStage extends ParsedStageBase {
  readonly kind: 'sink';
  /** Name of the registered sink. */
  readonly sink: string;
  readonly onError: OnError;
  /** For the connector's `stage` schema. */
  readonly options: Readonly<Record<string, unknown>>;
}

export type ParsedStage = ParsedSourceStage | ParsedInnerStage | ParsedSinkStage;

/** A document whose stages form a graph from sources to sinks. Connectors and definitions are not looked at. */
export interface ParsedPipeline {
  /** As given, defaults filled in. */
  readonly document: PipelineDocument;
  readonly name: string;
  readonly guarantee: PipelineDocument['guarantee'];
  readonly snapshotIntervalMs: number;
  /** Hash of the uploaded module whose functions its stages call. */
  readonly module: string | undefined;
  /** In topological order: every stage after its inputs. */
  readonly stages: readonly ParsedStage[];
}

/**
 * Checks a job document as far as that goes without asking any system: shape, kinds of stages, the graph.
 * @throws MillraceError `pipeline.invalid` with every `InputIssue` in `details.errors`
 */
export function parsePipeline(document: unknown): ParsedPipeline {
  const checked = checkInput(pipelineSchema, document);
  if (checked.value === undefined) throw invalidPipeline(checked.issues);
  const pipeline = checked.value as PipelineDocument;
  const issues: InputIssue[] = [];
  const names = Object.keys(pipeline.stages);
  if (names.length > STAGES_MAX) {
    const message = `the pipeline has ${names.length} stages, more than ${STAGES_MAX}`;
    throw invalidPipeline([
      { code: TooManyStages.code, message, mend: 'Split it into several jobs.', pointer: '/stages' },
    ]);
  }
  const stages = new Map<string, ParsedStage>();
  for (const name of names) {
    const stage = parseStage(name, pipeline.stages[name]!, issues);
    if (stage !== undefined) stages.set(name, stage);
  }
  checkExpressions(stages, issues);
  checkInputs(stages, names, issues);
  // What follows from stages that could not be read would only be noise.
  const sorted = issues.length === 0 ? checkGraph(stages, issues) : [];
  if (issues.length > 0) throw invalidPipeline(issues);
  const snapshotIntervalMs = parseDurationMs(pipeline.snapshotInterval);
  assert(snapshotIntervalMs !== undefined, 'the schema has checked the duration');
  const { name, guarantee } = pipeline;
  const module = sorted.find((stage) => stage.kind === 'mapAsync')?.spec.mapAsync.module;
  return { document: pipeline, name, guarantee, snapshotIntervalMs, module, stages: sorted };
}

export const invalidPipeline = (errors: readonly InputIssue[]): MillraceError => {
  const [first] = errors;
  return new MillraceError(InvalidPipeline, {
    message:
      errors.length === 1
        ? first!.message
        : `${errors.length} things are wrong with the pipeline; the first: ${first!.message}`,
    mend: first?.mend,
    pointer: first?.pointer,
    details: { errors },
  });
};

const KINDS = Object.keys(stageSchemas) as StageKind[];
const KINDS_TEXT = `one of ${KINDS.join(', ')}`;

/** What a stage is, by the key it has; `select` is also part of a join. */
function kindsOf(fields: Readonly<Record<string, unknown>>): readonly StageKind[] {
  const kinds = KINDS.filter((kind) => Object.hasOwn(fields, kind));
  return kinds.includes('join') ? kinds.filter((kind) => kind !== 'select') : kinds;
}

function parseStage(
  name: string,
  fields: Readonly<Record<string, unknown>>,
  issues: InputIssue[],
): ParsedStage | undefined {
  const pointer = jsonPointer(['stages', name]);
  const kinds = kindsOf(fields);
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) {
    const given = kinds.length === 0 ? 'nothing that says what it is' : `${kinds.join(' and ')} at once`;
    const message = `stage ${quoteName(name)} has ${given}`;
    const near = suggestNames('kind', Object.keys(fields).find((field) => field !== 'input') ?? '', KINDS);
    const mend =
      kinds.length === 0 ? `Give it ${KINDS_TEXT}. ${near}` : 'Make it several stages, one behind the other.';
    issues.push({ code: StageKindUnclear.code, message, mend, pointer });
    return undefined;
  }
  const checked = checkInput<object>(stageSchemas[kind], fields, pointer);
  if (checked.value === undefined) {
    issues.push(...checked.issues);
    return undefined;
  }
  if (kind === 'source') {
    const { source, onError, ...options } = stageSchemas.source.parse(fields);
    return { name, kind, inputs: [], source, onError, options };
  }
  if (kind === 'sink') {
    const { input, sink, onError, ...options } = stageSchemas.sink.parse(fields);
    return { name, kind, inputs: inputsOf(input), sink, onError, options };
  }
  const spec = checked.value as StageOf<InnerKind>;
  const inputs = [...inputsOf(spec.input), ...('join' in spec ? [spec.join.with] : [])];
  return { name, kind, inputs, spec } as ParsedInnerStage;
}

const inputsOf = (input: string | readonly string[]): readonly string[] =>
  typeof input === 'string' ? [input] : input;

/** Whether they are SQL at all; names and types are checked when the tables are known. */
function checkExpressions(stages: ReadonlyMap<string, ParsedStage>, issues: InputIssue[]): void {
  const check = (run: () => void): void => {
    try {
      run();
    } catch (error) {
      issues.push(errorIssue(error));
    }
  };
  for (const stage of stages.values()) {
    if (stage.kind === 'source' || stage.kind === 'sink') continue;
    check(() => {
      for (const { text, pointer } of stageExpressions(stage)) check(() => void referencedColumns(text, pointer));
    });
  }
}

/** Whether events of several streams come out of a stage, each with positions of its own. */
function isMerged(
  stage: ParsedStage | undefined,
  stages: ReadonlyMap<string, ParsedStage>,
  seen: ReadonlySet<ParsedStage> = new Set(),
): boolean {
  // Circles are reported on their own.
  if (stage === undefined || seen.has(stage)) return false;
  if (stage.kind === 'merge') return true;
  // These make rows of their own.
  if (stage.kind === 'aggregate' || stage.kind === 'distinct' || stage.kind === 'join') return false;
  return stage.inputs.some((input) => isMerged(stages.get(input), stages, new Set([...seen, stage])));
}

function checkInputs(stages: ReadonlyMap<string, ParsedStage>, names: readonly string[], issues: InputIssue[]): void {
  const offering = names.filter((name) => stages.get(name)?.kind !== 'sink');
  for (const stage of stages.values()) {
    stage.inputs.forEach((input, index) => {
      const { kind } = stage;
      const isJoined = kind === 'join' && index === 1;
      const one = kind === 'join' || stage.inputs.length === 1;
      const pointer = jsonPointer(['stages', stage.name, ...(isJoined ? ['join', 'with'] : ['input'])]);
      const add = (code: string, message: string, mend: string): void => {
        issues.push({ code, message, mend, pointer: one ? pointer : `${pointer}/${index}` });
      };
      if (!names.includes(input)) {
        const known = offering.filter((name) => name !== stage.name);
        const message = `stage ${quoteName(stage.name)} reads from ${quoteName(input)}, which is not a stage`;
        add(UnknownInput.code, message, suggestNames('other stage', input, known));
      } else if (stages.get(input)?.kind === 'sink') {
        const message = `stage ${quoteName(stage.name)} reads from ${quoteName(input)}, which is a sink`;
        add(
          InputIsSink.code,
          message,
          `Read from what feeds that sink. ${suggestNames('other stage', input, offering)}`,
        );
      } else if (stage.inputs.indexOf(input) < index) {
        add(
          RepeatedInput.code,
          `stage ${quoteName(stage.name)} reads from ${quoteName(input)} twice`,
          'Name each input once.',
        );
      }
    });
  }
}

/** Kahn's algorithm (Communications of the ACM 5(11), 1962), stages without an order kept in the document's. */
function checkGraph(stages: ReadonlyMap<string, ParsedStage>, issues: InputIssue[]): readonly ParsedStage[] {
  const all = [...stages.values()];
  for (const role of ['source', 'sink'] as const) {
    if (all.some(({ kind }) => kind === role)) continue;
    const message = `the pipeline has no ${role}`;
    issues.push({ code: MissingRole.code, message, mend: `Add a stage: ${KINDS_TEXT}.`, pointer: '/stages' });
  }
  // A sink knows what it has by one position: events of two streams would hide each other after a restart.
  for (const { name, kind, inputs } of all) {
    if (kind !== 'sink' || inputs.length === 1) continue;
    const message = `sink stage ${quoteName(name)} reads from ${inputs.length} stages, which is not supported yet`;
    const mend = 'Give each input a sink stage of its own; they may name the same sink.';
    issues.push({ code: SeveralInputs.code, message, mend, pointer: jsonPointer(['stages', name, 'input']) });
  }
  for (const { name, kind, inputs } of all) {
    if (kind !== 'sink' || !inputs.some((input) => isMerged(stages.get(input), stages))) continue;
    const message = `sink stage ${quoteName(name)} gets the events of several streams at once`;
    const mend =
      'Put an aggregate or distinct behind the merge, or give each stream a sink stage of its own; they may name the same sink.';
    issues.push({ code: SeveralInputs.code, message, mend, pointer: jsonPointer(['stages', name, 'input']) });
  }
  for (const stage of all) {
    if (stage.kind !== 'aggregate' || stage.spec.window !== undefined || stage.spec.groupBy !== undefined) continue;
    const message = `stage ${quoteName(stage.name)} has neither a window nor groupBy, so its result has no key to be kept under`;
    const mend = 'Add groupBy: [ … ], or a window: { tumbling: 1m }.';
    issues.push({ code: NoKey.code, message, mend, pointer: jsonPointer(['stages', stage.name]) });
  }
  const [first, ...others] = all.filter((stage) => stage.kind === 'mapAsync');
  for (const { name, spec } of others) {
    if (spec.mapAsync.module === first!.spec.mapAsync.module) continue;
    const message = `stage ${quoteName(name)} calls another module than stage ${quoteName(first!.name)}`;
    const mend = 'A job has one module: export all its functions from one file and upload that.';
    const pointer = jsonPointer(['stages', name, 'mapAsync', 'module']);
    issues.push({ code: SeveralModules.code, message, mend, pointer });
  }
  for (const stage of all) {
    if (stage.kind !== 'join' || policyOf(stage.name, stage.spec.onError) === undefined) continue;
    for (const letters of [`${stage.name}-left`, `${stage.name}-right`]) {
      if (!stages.has(letters) && nameSchema.safeParse(letters).success) continue;
      const message = `stage ${quoteName(stage.name)} names the records it sets aside ${quoteName(letters)}, which ${stages.has(letters) ? 'is another stage' : 'is too long'}`;
      const mend = 'Give the join or the other stage another name.';
      issues.push({ code: LetterNameTaken.code, message, mend, pointer: jsonPointer(['stages', stage.name]) });
    }
  }
  for (const { name, kind } of all) {
    if (kind === 'sink' || all.some(({ inputs }) => inputs.includes(name))) continue;
    const message = `nothing reads from stage ${quoteName(name)}`;
    const mend = `Remove it, or name it as the input of another stage.`;
    issues.push({ code: UnusedStage.code, message, mend, pointer: jsonPointer(['stages', name]) });
  }
  const sorted = new Map<string, ParsedStage>();
  for (let grown = true; grown; ) {
    const ready = all.filter(({ name, inputs }) => !sorted.has(name) && inputs.every((input) => sorted.has(input)));
    for (const stage of ready) sorted.set(stage.name, stage);
    grown = ready.length > 0;
  }
  const circular = all.filter(({ name }) => !sorted.has(name));
  if (circular.length > 0) {
    const names = circular.map(({ name }) => quoteName(name)).join(', ');
    const pointer = `${jsonPointer(['stages', circular[0]!.name])}/input`;
    const message = `these stages feed each other in a circle: ${names}`;
    issues.push({ code: Cycle.code, message, mend: 'Let one of them read from a source instead.', pointer });
  }
  return [...sorted.values()];
}
