import type { Connector } from '@millrace/connector-contract';
import { z } from 'zod';

export const connectorViewSchema = z
  .object({
    type: z.string(),
    role: z.enum(['source', 'sink']),
    summary: z.string(),
    capabilities: z.record(z.string(), z.union([z.string(), z.boolean()])).meta({
      description:
        'What it can do: of a sink holds, createsTarget, parallel; of a source initialLoad, follows, changes, parallel, reload (absent: no), lookup.',
    }),
    guarantees: z
      .array(
        z.object({
          mode: z
            .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
            .meta({ description: 'Options of the stage it is about; empty: all.' }),
          level: z
            .enum(['exactly-once', 'at-least-once', 'at-most-once'])
            .meta({ description: 'The most that a job may ask for and get; at-most-once: a crash may lose rows.' }),
          visible: z
            .enum(['at-once', 'at-snapshot'])
            .optional()
            .meta({ description: 'Of a sink: when readers see rows.' }),
          how: z.string(),
          needs: z.array(z.string()).meta({ description: 'What the other system or the operator has to see to.' }),
        }),
      )
      .meta({ description: 'What holds in each mode.' }),
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

export const connectorView = (connector: Connector): ConnectorView => {
  const { type, role, summary, config, stage } = connector;
  const capabilities: ConnectorView['capabilities'] = { ...connector.capabilities };
  if (connector.role === 'source') capabilities['lookup'] = connector.openLookup !== undefined;
  return {
    type,
    role,
    summary,
    capabilities,
    guarantees: connector.guarantees.map(({ mode, needs, ...guarantee }) => ({
      ...guarantee,
      mode: { ...mode },
      needs: [...needs],
    })),
    config: jsonSchema(config),
    stage: jsonSchema(stage),
  };
};
