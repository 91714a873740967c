import { SECRET_MARK } from '@millrace/connector-contract';
import { z } from 'zod';
import { code, table } from './markdown.ts';

interface JsonSchema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: string | number | boolean;
  readonly default?: unknown;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxLength?: number;
  readonly [SECRET_MARK]?: boolean;
}

function typeOf(schema: JsonSchema): string {
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return choices.map(typeOf).join(' or ');
  if (schema.enum !== undefined) return schema.enum.map((value) => code(String(value))).join(', ');
  if (schema.const !== undefined) return code(String(schema.const));
  if (schema[SECRET_MARK] === true) return 'secret';
  if (schema.type === 'array') return `list of ${typeOf(schema.items ?? {})}`;
  if (schema.type === 'object' && schema.properties === undefined) {
    const values = schema.additionalProperties;
    return `map of ${typeof values === 'object' ? typeOf(values) : 'anything'} by name`;
  }
  return (
    { integer: 'whole number', number: 'number', boolean: 'true or false', object: 'object', string: 'text' }[
      schema.type ?? ''
    ] ?? 'anything'
  );
}

const limit = (least: number | undefined, most: number | undefined, what: string): string[] => {
  // Of whole numbers JSON Schema has the range of safe integers where the schema says nothing.
  const high = most === Number.MAX_SAFE_INTEGER ? undefined : most;
  const low = least === Number.MIN_SAFE_INTEGER ? undefined : least;
  if (low !== undefined && high !== undefined) return [`${low} to ${high}${what}`];
  if (low !== undefined) return [`at least ${low}${what}`];
  return high === undefined ? [] : [`at most ${high}${what}`];
};

const limitsOf = ({ minimum, maximum, minItems, maxItems, maxLength }: JsonSchema): string =>
  [
    ...limit(minimum, maximum, ''),
    ...limit(minItems, maxItems, ' entries'),
    ...limit(undefined, maxLength, ' characters'),
  ].join(', ');

function rowsOf(schema: JsonSchema, prefix: string): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const isRequired = schema.required?.includes(name) === true && field.default === undefined;
    const byDefault =
      field.default === undefined ? (isRequired ? 'required' : '') : code(JSON.stringify(field.default));
    const row = [code(`${prefix}${name}`), typeOf(field), byDefault, limitsOf(field), field.description ?? ''];
    return [row, ...(field.type === 'object' ? rowsOf(field, `${prefix}${name}.`) : [])];
  });
}

/** The options of a schema as a table. */
export const optionsTable = (schema: z.ZodType): string =>
  table(
    ['option', 'type', 'default', 'limits', 'meaning'],
    rowsOf(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema, ''),
  ) || 'None.';
