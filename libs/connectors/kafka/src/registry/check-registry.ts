import type { Finding, Resolved, SourceShape } from '@millrace/connector-contract';
import type { TableSchema } from '@millrace/formats';
import { MillraceError, systemClock } from '@millrace/kernel';
import type { ClusterConfig, SinkStage } from '../config.ts';
import { SchemaIncompatible } from '../errors.ts';
import { isRegistered, keyFormatOf } from '../message/format-options.ts';
import { plainKeyColumn, plainValueColumn } from '../message/plain-part.ts';
import { newSchema, schemaWriter } from '../message/registered-part.ts';
import { topicName } from '../sink/topic-name.ts';
import type { SourceStage } from '../source/source-stage.ts';
import { registryOf } from './registry-of.ts';
import type { NewSchema, SchemaRegistry } from './schema-registry.ts';

const CHECK_PATIENCE_MS = 5_000;
/** Subjects looked at; the rest have the same settings, as a rule. */
const SUBJECTS_MAX = 200;

const errorFinding = ({ code, message, mend, pointer }: MillraceError): Finding => ({
  code: code.code,
  severity: 'error',
  message,
  mend,
  pointer,
});

/** What `look` finds; what it throws as a finding. */
async function found(look: () => Promise<readonly Finding[]>): Promise<readonly Finding[]> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    return [errorFinding(error)];
  }
}

const openRegistry = (config: ClusterConfig, signal: AbortSignal): SchemaRegistry =>
  registryOf(config, { clock: systemClock, signal, patienceMs: CHECK_PATIENCE_MS });

/** Does the registry of the connection answer, if it has one? */
export const checkRegistry = (config: ClusterConfig, signal: AbortSignal): Promise<readonly Finding[]> =>
  found(async () => {
    if (config.schemaRegistry === undefined) return [];
    const count = await openRegistry(config, signal).countSubjects();
    const message = `the schema registry answers, with ${count} ${count === 1 ? 'subject' : 'subjects'}`;
    return [{ code: 'kafka.registry_reached', severity: 'ok', message }];
  });

/** Does the registry answer that a source stage needs? */
export const checkReading = (
  { config, stage }: Pick<Resolved<ClusterConfig, SourceStage>, 'config' | 'stage'>,
  signal: AbortSignal,
): Promise<readonly Finding[]> =>
  found(async () => {
    if (!isRegistered(stage.format) && !(stage.key.length > 0 && isRegistered(keyFormatOf(stage)))) return [];
    // Also when the connection has none.
    openRegistry(config, signal);
    return checkRegistry(config, signal);
  });

/** Can the tables' rows be written in the stage's format, and do the subjects take their schemas? Registers nothing. */
export const checkFormat = (
  { config, stage, job }: Resolved<ClusterConfig, SinkStage>,
  { tables }: SourceShape,
  signal: AbortSignal,
): Promise<readonly Finding[]> =>
  found(async () => {
    const schemas = tables.flatMap((table) => schemasOf(stage, table, topicName(stage.topic, table, job)));
    const plain = tables.flatMap((table) => plainFindings(stage, table));
    if (schemas.length === 0) return plain;
    const registry = openRegistry(config, signal);
    const findings: Finding[] = [...plain];
    for (const schema of schemas.slice(0, SUBJECTS_MAX)) {
      findings.push(...(await subjectFindings(registry, stage, schema)));
    }
    return findings;
  });

function schemasOf(stage: SinkStage, table: TableSchema, topic: string): readonly NewSchema[] {
  const of = (part: 'key' | 'value', format: string): readonly NewSchema[] => {
    if (format !== 'avro' && format !== 'json-schema') return [];
    return [newSchema(schemaWriter(format, part, stage), part, table, topic, stage.subjects)];
  };
  const hasKey = stage.key !== undefined || table.columns.some((column) => column.key);
  return [...(hasKey ? of('key', keyFormatOf(stage)) : []), ...of('value', stage.format)];
}

function plainFindings(stage: SinkStage, table: TableSchema): readonly Finding[] {
  try {
    if (keyFormatOf(stage) === 'plain') plainKeyColumn(table, stage.key);
    if (stage.format === 'plain') plainValueColumn(table, stage.value, stage.key);
    return [];
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    return [errorFinding(error)];
  }
}

async function subjectFindings(
  registry: SchemaRegistry,
  stage: SinkStage,
  schema: NewSchema,
): Promise<readonly Finding[]> {
  const { subject } = schema;
  if (stage.registerSchemas === false) {
    await registry.find(schema);
    return [{ code: 'kafka.schema_found', severity: 'ok', message: `subject ${subject} has the schema` }];
  }
  const reason = await registry.incompatibility(schema);
  if (reason !== undefined) {
    return [
      {
        code: SchemaIncompatible.code,
        severity: 'error',
        message: `the schema of subject ${subject} is not compatible with its versions: ${reason}`,
        mend: 'Write to another topic, map the column to its old type, or lower the compatibility level of the subject.',
        pointer: '/format',
      },
    ];
  }
  const level = (await registry.compatibilityLevel(subject)) ?? 'unknown';
  const message = `subject ${subject} takes the schema; its compatibility level is ${level}`;
  const refusesGrowth = schema.type === 'JSON' && /^(FORWARD|FULL)/.test(level);
  if (!refusesGrowth) return [{ code: 'kafka.schema_taken', severity: 'ok', message }];
  return [
    {
      code: 'kafka.schema_cannot_grow',
      severity: 'warning',
      message: `${message}: a column that is added to the table later would be refused`,
      mend: 'Set BACKWARD for the subject, or use format avro, where an added column is compatible in both directions.',
      pointer: '/format',
    },
  ];
}
