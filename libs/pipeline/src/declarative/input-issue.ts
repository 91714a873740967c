import { errorCode, MillraceError, suggestNames } from '@millrace/kernel';
import { z } from 'zod';

const user = { domain: 'user', retry: 'never' } as const;
const UnknownField = errorCode('input.unknown_field', { ...user, title: 'Unknown field' });
const MissingField = errorCode('input.missing_field', { ...user, title: 'Missing field' });
const WrongType = errorCode('input.wrong_type', { ...user, title: 'Wrong type' });
const WrongValue = errorCode('input.wrong_value', { ...user, title: 'Wrong value' });

/** One thing wrong with a document a user sent. Never holds the value: it may be a secret. */
export interface InputIssue {
  readonly code: string;
  readonly message: string;
  readonly mend: string;
  /** JSON pointer into the document (RFC 6901). */
  readonly pointer: string;
}

/** Text of a user's that is repeated in a message is cut to this. */
const NAME_LENGTH_MAX = 100;

/** Quotes a name from a user's document for a message. */
export const quoteName = (name: string): string =>
  JSON.stringify(name.length > NAME_LENGTH_MAX ? `${name.slice(0, NAME_LENGTH_MAX)}…` : name);

/** JSON pointer of a path. https://www.rfc-editor.org/rfc/rfc6901#section-3 */
export const jsonPointer = (path: readonly PropertyKey[]): string =>
  path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/**
 * Everything a schema finds wrong with a value, or the value as the schema makes it (defaults filled in).
 * @param base pointer of the value within the user's document
 */
export function checkInput<T>(
  schema: z.ZodType<T>,
  value: unknown,
  base = '',
):
  | { readonly value: T; readonly issues: readonly [] }
  | { readonly value: undefined; readonly issues: readonly InputIssue[] } {
  const parsed = schema.safeParse(value, { reportInput: true });
  if (parsed.success) return { value: parsed.data, issues: [] };
  return { value: undefined, issues: schemaIssues(parsed.error.issues, schema, base) };
}

/** An error of the user's or of an outside system as an issue; anything else is thrown on. */
export function errorIssue(error: unknown, pointer = ''): InputIssue {
  if (!(error instanceof MillraceError) || error.code.domain === 'internal') throw error;
  return {
    code: error.code.code,
    message: error.message,
    mend: error.mend ?? error.code.title,
    pointer: error.pointer ?? pointer,
  };
}

/** What zod found, as issues. `schema` is asked for the known names where an unknown one was given. */
export function schemaIssues(issues: readonly z.core.$ZodIssue[], schema: z.ZodType, base = ''): readonly InputIssue[] {
  return issues.flatMap((issue) => translate(issue, schema, base));
}

function translate(issue: z.core.$ZodIssue, schema: z.ZodType, base: string): readonly InputIssue[] {
  const pointer = base + jsonPointer(issue.path);
  const name = quoteName(String(issue.path.at(-1) ?? 'the document'));
  if (issue.code === 'unrecognized_keys') {
    const known = knownFields(schema, issue.path);
    return issue.keys.map((key) => ({
      code: UnknownField.code,
      message: `unknown field ${quoteName(key)}`,
      mend: known.length === 0 ? 'Remove it.' : `Remove it. ${suggestNames('field', key, known)}`,
      pointer: `${pointer}${jsonPointer([key])}`,
    }));
  }
  if (issue.code === 'invalid_type' || issue.code === 'invalid_union') {
    const expected = issue.code === 'invalid_type' ? aType(issue.expected) : unionText(issue);
    if (issue.input === undefined) {
      return [{ code: MissingField.code, message: `${name} is missing`, mend: `Add it: ${expected}.`, pointer }];
    }
    const message = `${name} is ${typeName(issue.input)}, not ${expected}`;
    return [{ code: WrongType.code, message, mend: `Give ${expected}.`, pointer }];
  }
  if (issue.code === 'invalid_key') {
    const why = issue.issues.map(({ message }) => message).join('; ');
    return [{ code: WrongValue.code, message: `${name} is not a valid name`, mend: `Give ${why}.`, pointer }];
  }
  if (issue.code === 'invalid_value') {
    const expected = issue.values.map((value) => JSON.stringify(value)).join(', ');
    if (issue.input === undefined) {
      return [{ code: MissingField.code, message: `${name} is missing`, mend: `Give one of: ${expected}.`, pointer }];
    }
    return [
      {
        code: WrongValue.code,
        message: `${name} has a value that is not known`,
        mend: `Give one of: ${expected}.`,
        pointer,
      },
    ];
  }
  return [{ code: WrongValue.code, message: `${name} is not valid`, mend: mendOf(issue), pointer }];
}

function mendOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'too_small') return `Give at least ${issue.minimum}${unit(issue.origin)}.`;
  if (issue.code === 'too_big') return `Give at most ${issue.maximum}${unit(issue.origin)}.`;
  // Our own schemas say what they want ("a port number"), zod what it found ("Invalid string: must match …").
  return /^(Invalid|Too|Unrecognized)\b/.test(issue.message)
    ? `Change it: ${issue.message}.`
    : `Give ${issue.message}.`;
}

const unit = (origin: string): string => (origin === 'string' ? ' characters' : origin === 'array' ? ' items' : '');
/** zod says "record" for an object with free keys; users say object. */
const aType = (type: string): string =>
  type === 'record' ? 'an object' : /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
const typeName = (value: unknown): string =>
  value === null ? 'null' : aType(Array.isArray(value) ? 'array' : typeof value);

/** "a string or an array" of a union whose members all want another type; else the first member's complaint. */
function unionText(issue: z.core.$ZodIssueInvalidUnion): string {
  const types = issue.errors.flat().map((inner) => (inner.code === 'invalid_type' ? aType(inner.expected) : undefined));
  const named = [...new Set(types.filter((type) => type !== undefined))];
  return named.length > 0 ? named.join(' or ') : (issue.errors[0]?.[0]?.message ?? 'another value');
}

interface JsonSchema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
}

/** Names of the fields a schema has at a path. */
function knownFields(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  const root = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  /** A schema with an id is kept among the definitions and referred to. */
  const follow = (at: JsonSchema | undefined): JsonSchema | undefined =>
    at?.$ref?.startsWith('#/$defs/') ? root.$defs?.[at.$ref.slice('#/$defs/'.length)] : at;
  let at = follow(root);
  for (const part of path) {
    const rest: JsonSchema | undefined =
      typeof at?.additionalProperties === 'object' ? at.additionalProperties : undefined;
    at = follow(typeof part === 'number' ? at?.items : (at?.properties?.[String(part)] ?? rest));
  }
  return Object.keys(at?.properties ?? {});
}
