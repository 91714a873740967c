import { moduleJobSchema, pipelineSchema } from '@millrace/pipeline';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { z } from 'zod';
import { ROLE_EXTENSION, type RouteAccess, roleByVerb } from '../access/roles.ts';
import { streamSchemas } from '../live/stream/answers-stream.ts';
import { problemSchema } from './problem.ts';

interface JsonSchema {
  readonly $defs?: Record<string, unknown>;
}

/** A schema as OpenAPI 3.1 has it, which is JSON Schema 2020-12; schemas with an id become components. */
function convert(schema: z.ZodType, io: 'input' | 'output'): { schema: unknown; components: Record<string, unknown> } {
  const {
    $schema: _,
    $defs,
    ...rest
  } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as JsonSchema & { $schema?: string };
  return { schema: rest, components: $defs ?? {} };
}

/** The OpenAPI 3.1 document, made of the controllers and the schemas they validate with. https://spec.openapis.org/oas/v3.1.1.html */
export function openApiDocument(app: NestFastifyApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Millrace')
    .setDescription(
      'Management API. Every failure is a problem document (RFC 9457) with a stable code and the way to mend it.',
    )
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'An API key: mlr_…' }, 'key')
    .addCookieAuth(
      'millrace_session',
      { type: 'apiKey', in: 'cookie', description: 'Begun with POST /api/v1/session.' },
      'session',
    )
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    standardSchemaConverter: (schema, { schemaType }) =>
      schema instanceof z.ZodType ? convert(schema, schemaType) : undefined,
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}.${method}`,
  });
  const components = [
    convert(problemSchema, 'output'),
    convert(pipelineSchema, 'input'),
    convert(moduleJobSchema, 'input'),
    ...[...streamSchemas].map((each) => convert(each, 'output')),
  ].map((converted) => converted.components);
  const schemas = Object.assign({}, document.components?.schemas, ...components);
  stateAccess(document);
  return { ...document, components: { ...document.components, schemas: rewriteReferences(schemas) as never } };
}

const VERBS = ['get', 'put', 'post', 'delete', 'patch', 'head', 'options', 'trace'] as const;

/** Says of every operation which role it needs; the same rule as the hook that asks. */
function stateAccess({ paths }: OpenAPIObject): void {
  for (const path of Object.values(paths)) {
    for (const verb of VERBS) {
      const operation = path[verb] as (Record<string, unknown> & { [ROLE_EXTENSION]?: RouteAccess }) | undefined;
      if (operation === undefined) continue;
      operation[ROLE_EXTENSION] ??= roleByVerb(verb);
      operation['security'] = operation[ROLE_EXTENSION] === 'anyone' ? [] : [{ key: [] }, { session: [] }];
    }
  }
}

/** zod refers to its own `$defs`; here they are components. */
function rewriteReferences(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(rewriteReferences);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      name === '$ref' && typeof inner === 'string'
        ? inner.replace('#/$defs/', '#/components/schemas/')
        : rewriteReferences(inner),
    ]),
  );
}
