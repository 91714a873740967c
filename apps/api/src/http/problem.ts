import type { ErrorRecord } from '@millrace/kernel';
import { z } from 'zod';

const part = z.object({
  code: z.string().meta({ description: 'Stable; see the page of error codes.' }),
  detail: z.string(),
  mend: z.string().optional().meta({ description: 'How to mend it: a sentence, or SQL to run.' }),
  pointer: z.string().optional().meta({ description: 'JSON pointer into the body of the request.' }),
  parameter: z.string().optional().meta({ description: 'Name of the query parameter or header.' }),
});

/** A problem document. https://www.rfc-editor.org/rfc/rfc9457 */
export const problemSchema = z
  .object({
    type: z.string().meta({ description: 'urn:millrace:error:CODE' }),
    title: z.string(),
    status: z.int(),
    ...part.shape,
    errors: z
      .array(part)
      .optional()
      .meta({ description: 'Everything that is wrong, when it is more than the request as a whole.' }),
    details: z
      .record(z.string(), z.unknown())
      .optional()
      .meta({ description: 'Facts for programs: names, positions, states.' }),
    instance: z.string().meta({ description: 'Path of the request.' }),
    requestId: z.string().meta({ description: 'As in the header x-request-id and in the log.' }),
  })
  .meta({ id: 'Problem', description: 'What went wrong, where, and how to mend it (RFC 9457).' });

export type Problem = z.infer<typeof problemSchema>;
export type ProblemPart = z.infer<typeof part>;

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

export interface Occurrence {
  readonly instance: string;
  readonly requestId: string;
}

/** The document for an error. Of our own failures it says nothing but the request id: the log has the rest. */
export function problemOf(error: ErrorRecord, status: number, { instance, requestId }: Occurrence): Problem {
  const { code, title } = error;
  const base = { type: `urn:millrace:error:${code}`, title, status, code, instance, requestId };
  if (error.domain === 'internal') {
    const detail = 'Something broke inside Millrace; the request was not carried out, or not wholly.';
    return { ...base, detail, mend: `Look for request ${requestId} in the log of the api.` };
  }
  const { errors, parameter, ...details } = error.details ?? {};
  return {
    ...base,
    detail: error.message,
    ...(error.mend === undefined ? {} : { mend: error.mend }),
    ...(error.pointer === undefined ? {} : { pointer: error.pointer }),
    ...(typeof parameter === 'string' ? { parameter } : {}),
    ...(Array.isArray(errors) ? { errors: errors.map(partOf) } : {}),
    ...(Object.keys(details).length === 0 ? {} : { details }),
  };
}

function partOf(issue: {
  code: string;
  message: string;
  mend?: string;
  pointer?: string;
  parameter?: string;
}): ProblemPart {
  const { code, message, mend, pointer, parameter } = issue;
  return { code, detail: message, mend, pointer, parameter };
}
