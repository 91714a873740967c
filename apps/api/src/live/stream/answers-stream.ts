import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import type { z } from 'zod';

/** Kinds of events that a stream sends, with the schema of the JSON of each. */
export type StreamSchemas = Readonly<Record<string, z.ZodType>>;

/** Schemas of events: no route answers with them, so the document would not have them. */
export const streamSchemas = new Set<z.ZodType>();

const problemContent = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };

/** Says in the OpenAPI document what a stream of server-sent events holds. */
export function AnswersStream(description: string, events: StreamSchemas): MethodDecorator {
  for (const schema of Object.values(events)) streamSchemas.add(schema);
  const kinds = Object.entries(events).map(([event, schema]) => ({
    type: 'object' as const,
    required: ['event', 'data'],
    properties: {
      event: { type: 'string' as const, enum: [event] },
      data: { $ref: `#/components/schemas/${schema.meta()!['id'] as string}` },
    },
  }));
  return applyDecorators(
    ApiResponse({
      status: 200,
      description: `${description} A comment line comes every few seconds when nothing else does.`,
      content: { 'text/event-stream': { schema: { oneOf: kinds } } },
    }),
    ApiResponse({ status: 'default', description: 'What went wrong, and how to mend it.', content: problemContent }),
  );
}
