import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiOperation, ApiParam, ApiQuery, ApiResponse } from '@nestjs/swagger';
import { z } from 'zod';

/** What the OpenAPI document says besides what the schemas say themselves. */

const problemContent = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };

/** The answer when all is well, and the problem document for everything else. */
export const Answers = (status: number, schema?: z.ZodType): MethodDecorator =>
  applyDecorators(
    schema === undefined
      ? ApiResponse({ status, description: 'Done; no body.' })
      : ApiResponse({ status, description: schema.meta()?.description ?? 'Done.', standardSchema: schema }),
    ApiResponse({ status: 'default', description: 'What went wrong, and how to mend it.', content: problemContent }),
  );

const idParameter = ApiParam({ name: 'id', description: 'Id (ULID) or name.', schema: { type: 'string' } });

/** An operation on one resource. */
export const IdPath = (summary: string): MethodDecorator => applyDecorators(ApiOperation({ summary }), idParameter);

/** An operation that takes an `Idempotency-Key`. */
export const Posts = (summary: string, { id = false } = {}): MethodDecorator =>
  applyDecorators(
    ApiOperation({ summary }),
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description:
        'The same key with the same body gets the first answer again (kept for a day); with another body it is refused.',
      schema: { type: 'string', maxLength: 200 },
    }),
    ...(id ? [idParameter] : []),
  );

/** An operation that can be made to depend on the version. */
export const ChangesVersion = (): MethodDecorator =>
  ApiHeader({
    name: 'If-Match',
    required: false,
    description: 'ETag of the resource as it was read; refused (412) when it has changed since.',
    schema: { type: 'string' },
  });

/** What may stand behind the question mark, out of the schema that it is validated with. */
export function QueryOf(schema: z.ZodType): MethodDecorator {
  const { properties = {} } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as {
    readonly properties?: Readonly<Record<string, { readonly description?: string }>>;
  };
  const parameters = Object.entries(properties).map(([name, { description, ...property }]) =>
    ApiQuery({
      name,
      required: false,
      schema: property as object,
      ...(description === undefined ? {} : { description }),
    }),
  );
  return applyDecorators(...parameters);
}

/** A list in pages. */
export const ListQuery = (summary: string): MethodDecorator =>
  applyDecorators(
    ApiOperation({ summary }),
    ApiQuery({ name: 'limit', required: false, schema: { type: 'integer', minimum: 1, maximum: 200, default: 50 } }),
    ApiQuery({
      name: 'cursor',
      required: false,
      description: 'nextCursor of the answer before.',
      schema: { type: 'string' },
    }),
  );

/** A body that the use case validates itself, described by a schema that another part of the document brings in. */
export const JsonBody = (schema: string): MethodDecorator =>
  ApiBody({ required: true, schema: { $ref: `#/components/schemas/${schema}` } });
