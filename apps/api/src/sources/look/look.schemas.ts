import { z } from 'zod';
import { checkViewSchema, findingSchema } from '../../definitions/definition.schemas.ts';

export const discoveredTableSchema = z
  .object({
    id: z.string().meta({ description: 'As a stage names it: public.orders.' }),
    schema: z.string(),
    table: z.string(),
    rowsEstimate: z.number().nullable().meta({ description: 'By the statistics of the system; null: there are none.' }),
    bytes: z.number().nullable().meta({ description: 'Without indexes.' }),
    key: z.array(z.string()).meta({ description: 'Columns of the key; empty without one.' }),
    replicaIdentity: z.string().nullable(),
    findings: z
      .array(findingSchema)
      .meta({ description: 'What stands against capturing it, with the SQL that mends it.' }),
  })
  .meta({ id: 'DiscoveredTable', description: 'A table that could be captured.' });

export const discoverySchema = z
  .object({
    items: z.array(discoveredTableSchema),
    isCut: z.boolean().meta({ description: 'There are more tables than are listed.' }),
    findings: z.array(findingSchema).meta({ description: 'About the database as a whole.' }),
  })
  .meta({ id: 'DiscoveredTables', description: 'Tables of a source, by name.' });

export type DiscoveryView = z.infer<typeof discoverySchema>;

const TABLES_MAX = 200;

export const columnsQuerySchema = z.strictObject({
  tables: z
    .string()
    .min(1)
    .transform((text) => text.split(','))
    .refine((tables) => tables.length <= TABLES_MAX, `at most ${TABLES_MAX} tables`)
    .meta({ description: 'Tables with their schema, with commas between: public.orders,public.customers.' }),
});

export type ColumnsQuery = z.infer<typeof columnsQuerySchema>;

export const columnsSchema = z
  .object({
    items: z.array(
      z.object({
        table: z.string(),
        columns: z.array(
          z.object({
            name: z.string(),
            kind: z.string().meta({ description: 'How its text is read: integer, bigint, exact, boolean, json, …' }),
            sqlType: z.string(),
            isKey: z.boolean(),
            isNullable: z.boolean(),
          }),
        ),
      }),
    ),
  })
  .meta({ id: 'TableColumns', description: 'Columns of tables as their changes have them.' });

export type ColumnsView = z.infer<typeof columnsSchema>;

export const probeSchema = checkViewSchema
  .extend({
    tables: discoverySchema
      .nullable()
      .meta({ description: 'null: the connection cannot be used, or such a source cannot tell its tables.' }),
  })
  .meta({
    id: 'SourceProbe',
    description: 'What a source that is not registered lacks, and its tables. Nothing is kept.',
  });

export type ProbeView = z.infer<typeof probeSchema>;

export const slotSchema = z
  .object({
    name: z.string(),
    job: z
      .object({ id: z.string(), name: z.string() })
      .nullable()
      .meta({ description: 'null: an orphan. No job here has it; another installation may.' }),
    isActive: z.boolean().meta({ description: 'Somebody reads it now.' }),
    retainedBytes: z.number().nullable().meta({ description: 'Log that the system keeps for it.' }),
    lagBytes: z.number().nullable().meta({ description: 'Log that is not confirmed yet.' }),
    safeBytes: z
      .number()
      .nullable()
      .meta({ description: 'What may still be written before the slot is lost; null: no limit.' }),
    state: z.string().nullable().meta({ description: 'reserved, extended, unreserved, lost.' }),
  })
  .meta({ id: 'Slot', description: 'What keeps a system from removing log that a job has still to read.' });

export const slotsSchema = z
  .object({ items: z.array(slotSchema) })
  .meta({ id: 'Slots', description: 'Slots of jobs in the database of a source, and orphans.' });

export type SlotsView = z.infer<typeof slotsSchema>;

export const dropSlotQuerySchema = z.strictObject({
  confirm: z.string().min(1).max(200).meta({ description: 'The name of the slot once more.' }),
});

export type DropSlotQuery = z.infer<typeof dropSlotQuerySchema>;
