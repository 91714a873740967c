import type { Catalog, Definition, Role } from '@millrace/catalog';
import type { Connector, ConnectorRegistry } from '@millrace/connector-contract';
import { suggestNames } from '@millrace/kernel';
import { checkInput, type InputIssue, jsonPointer, lettersOf, quoteName } from '@millrace/pipeline';
import { connectorOf } from '../definitions/definition-options.ts';
import { repositoryOf } from '../definitions/repository-of.ts';

/** A source or sink stage with the definition it names and the connector that runs it. */
export interface StageDefinition {
  readonly stage: string;
  readonly role: Role;
  readonly definition: Definition;
  readonly connector: Connector;
  /** As the connector's schema made them. */
  readonly options: unknown;
}

export interface StageDefinitions {
  readonly stages: readonly StageDefinition[];
  readonly issues: readonly InputIssue[];
}

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Finds what the stages of a document name, and checks their options with the connectors' schemas. Takes any document and looks only at the
 * stages it understands, so that these errors can be reported together with those of the graph.
 */
export async function stageDefinitions(
  document: unknown,
  catalog: Catalog,
  registry: ConnectorRegistry,
): Promise<StageDefinitions> {
  const stages: StageDefinition[] = [];
  const issues: InputIssue[] = [];
  const given = isObject(document) && isObject(document.stages) ? Object.entries(document.stages) : [];
  const all = given.flatMap(([stage, fields]) => [
    { stage, fields, pointer: jsonPointer(['stages', stage]), isForLetters: false },
    ...letterStage(stage, fields),
  ]);
  for (const { stage, fields, pointer, isForLetters } of all) {
    if (!isObject(fields)) continue;
    const named = nameOf(fields);
    if (named === undefined) continue;
    const { role, name } = named;
    const definition = await repositoryOf(catalog, role).find(name);
    if (definition === undefined || definition.name !== name) {
      const known = await repositoryOf(catalog, role).names();
      const mend = `${suggestNames(role, name, known)} Register it with POST /api/v1/${role}s.`;
      const message = `stage ${quoteName(stage)} names the ${role} ${quoteName(name)}, which is not registered`;
      issues.push({ code: `${role}.unknown`, message, mend, pointer: `${pointer}/${role}` });
      continue;
    }
    const connector = connectorOf(registry, role, definition.type);
    if ('enrich' in fields) {
      const holds = isObject(fields['enrich']) && fields['enrich']['hold'] !== undefined;
      if (!('openLookup' in connector) || connector.openLookup === undefined)
        issues.push({
          code: 'source.no_lookup',
          message: `sources of type ${definition.type} cannot look rows up`,
          mend: 'Name a source that can, such as one of type postgres.',
          pointer: `${pointer}/enrich/source`,
        });
      else if (holds && connector.holdsTables !== true)
        issues.push({
          code: 'source.holds_no_tables',
          message: `tables of sources of type ${definition.type} cannot be held as a whole`,
          mend: 'Leave hold out, so that rows are looked up and cached; or name a source that can, such as one of type redis.',
          pointer: `${pointer}/enrich/hold`,
        });
      else stages.push({ stage, role, definition, connector, options: named.options });
      continue;
    }
    const letterOptions = connector.role === 'sink' ? connector.letterOptions : undefined;
    if (isForLetters && letterOptions === undefined) {
      issues.push({
        code: 'sink.takes_no_letters',
        message: `stage ${quoteName(stage)} copies dead letters to a sink of type ${connector.type}, which takes none`,
        mend: 'Name a sink that does, such as one of type kafka.',
        pointer: `${pointer}/sink`,
      });
      continue;
    }
    const options = isForLetters ? { ...letterOptions, ...named.options } : named.options;
    const checked = checkInput(connector.stage, options, pointer);
    if (checked.value === undefined) {
      issues.push(...checked.issues);
      continue;
    }
    issues.push(...policyIssues({ stage, connector, options: checked.value }, fields.onError, pointer));
    stages.push({ stage, role, definition, connector, options: checked.value });
  }
  return { stages, issues };
}

/** The sink that gets copies of a stage's letters is one more stage, whose input is not in the graph. */
function letterStage(stage: string, fields: unknown) {
  const onError = isObject(fields) ? fields.onError : undefined;
  if (!isObject(onError) || onError.action !== 'dead-letter' || !isObject(onError.copyTo)) return [];
  const pointer = jsonPointer(['stages', stage, 'onError', 'copyTo']);
  return [{ stage: lettersOf(stage), fields: onError.copyTo, pointer, isForLetters: true }];
}

/** Not every source or sink can go on without a record. */
function policyIssues(
  { stage, connector, options }: Pick<StageDefinition, 'stage' | 'connector' | 'options'>,
  onError: unknown,
  pointer: string,
): readonly InputIssue[] {
  const action = isObject(onError) ? onError.action : onError;
  if (action === undefined || action === 'fail') return [];
  if (connector.refuses?.(options) === true) return [];
  return [
    {
      code: `${connector.role}.never_refuses`,
      message: `stage ${quoteName(stage)} has onError, and a ${connector.role} of type ${connector.type} with these options cannot go on without single records`,
      mend: 'Leave onError out here, and give it to a stage of the job that checks the records; docs/dead-letters.md says which sources and sinks can, with which options.',
      pointer: `${pointer}/onError`,
    },
  ];
}

function nameOf(fields: Fields): { readonly role: Role; readonly name: string; readonly options: Fields } | undefined {
  const { source, sink, enrich, input: _, onError: __, ...options } = fields;
  if (isObject(enrich) && typeof enrich.source === 'string')
    return { role: 'source', name: enrich.source, options: {} };
  if (typeof source === 'string' && sink === undefined)
    return { role: 'source', name: source, options: without(fields, ['source', 'onError']) };
  if (typeof sink === 'string' && source === undefined) return { role: 'sink', name: sink, options };
  return undefined;
}

const without = (fields: Fields, names: readonly string[]): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
