import type { Connector } from '@millrace/connector-contract';
import { z } from 'zod';

export const connectorViewSchema = z
  .object({
    type: z.string(),
    role: z.enum(['source', 'sink']),
    summary: z.string(),
    config: z
      .record(z.string(), z.unknown())
      .meta({ description: 'JSON Schema of a registered source or sink. x-millrace-secret marks secrets.' }),
    stage: z
      .record(z.string(), z.unknown())
      .meta({ description: 'JSON Schema of the options of a stage that uses it.' }),
  })
  .meta({ id: 'Connector', description: 'A type of external system.' });

export const connectorListSchema = z
  .object({ items: z.array(connectorViewSchema) })
  .meta({ id: 'ConnectorList', description: 'Every connector there is.' });

export type ConnectorView = z.infer<typeof connectorViewSchema>;

const jsonSchema = (schema: z.ZodType): Record<string, unknown> =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });

export const connectorView = ({ type, role, summary, config, stage }: Connector): ConnectorView => ({
  type,
  role,
  summary,
  config: jsonSchema(config),
  stage: jsonSchema(stage),
});
