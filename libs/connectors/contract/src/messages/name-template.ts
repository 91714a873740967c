import type { TableSchema } from '@millrace/formats';
import { z } from 'zod';
import type { JobIdentity } from '../connector.ts';

const PLACEHOLDERS = ['schema', 'table', 'job'] as const;
const PLACEHOLDER = /\{([^}]*)\}/g;

/**
 * The option of a sink stage that says where the message of an event goes.
 * @param pattern what may stand there, a word in place of each placeholder
 */
export const nameTemplate = (pattern: RegExp, expected: string) =>
  z.string().superRefine((template, context) => {
    const unknown = [...template.matchAll(PLACEHOLDER)]
      .map((match) => match[1]!)
      .find((name) => !(PLACEHOLDERS as readonly string[]).includes(name));
    if (unknown !== undefined) {
      const known = PLACEHOLDERS.map((name) => `{${name}}`).join(', ');
      context.addIssue({ code: 'custom', message: `{${unknown}} is not known; use ${known}` });
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
