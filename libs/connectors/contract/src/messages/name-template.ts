import type { TableSchema } from '@millrace/formats';
import { z } from 'zod';
import type { JobIdentity } from '../connector.ts';

const PLACEHOLDERS = ['schema', 'table', 'job'] as const;
const PLACEHOLDER = /\{([^}]*)\}/g;

/**
 * The option of a sink stage that says where the message of an event goes.
 * @param pattern what may stand there, a word in place of each placeholder
 * @param more placeholders that the connector replaces itself
 */
export const nameTemplate = (pattern: RegExp, expected: string, more: readonly string[] = []) =>
  z.string().superRefine((template, context) => {
    const known: readonly string[] = [...PLACEHOLDERS, ...more];
    const unknown = [...template.matchAll(PLACEHOLDER)].map((match) => match[1]!).find((name) => !known.includes(name));
    if (unknown !== undefined) {
      const names = known.map((name) => `{${name}}`).join(', ');
      context.addIssue({ code: 'custom', message: `{${unknown}} is not known; use ${names}` });
    } else if (!pattern.test(template.replaceAll(PLACEHOLDER, 'x'))) {
      context.addIssue({ code: 'custom', message: expected });
    }
  });

/** @param safe makes a name fit for its place */
export const nameOf = (
  template: string,
  { schema, table }: Pick<TableSchema, 'schema' | 'table'>,
  { jobName }: JobIdentity,
  safe: (name: string) => string,
): string =>
  template
    .replaceAll('{schema}', () => safe(schema))
    .replaceAll('{table}', () => safe(table))
    .replaceAll('{job}', () => safe(jobName));
