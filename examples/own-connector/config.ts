import { checkDeclaredKey, declaredTableFields, secretField } from '@millrace/connector-contract';
import { z } from 'zod';

// #region config
/** How to reach the server of a registered source or sink. */
export const connectionSchema = z.strictObject({
  host: z.string().min(1).meta({ description: 'Host name or address of the server.' }),
  port: z.int().min(1).max(65_535).default(6_379).meta({ description: 'TCP port.' }),
  user: z.string().min(1).optional().meta({ description: 'User of the ACL; the default one when absent.' }),
  password: secretField().optional().meta({ description: 'Password of the user.' }),
});

/** What a job's sink stage writes. */
export const sinkSchema = z.strictObject({
  stream: z.string().min(1).meta({ description: 'Key of the stream that gets the changes of all tables.' }),
});
// #endregion config

/** What a job's source stage reads. */
export const sourceSchema = z
  .strictObject({
    stream: z.string().min(1).meta({ description: 'Key of the stream to read, from its oldest entry on.' }),
    ...declaredTableFields({
      columns: 'Columns by name with their types, taken from the JSON object in the field row of an entry.',
      key: 'Columns that identify a row.',
    }),
    follow: z
      .boolean()
      .default(true)
      .meta({ description: 'true: go on with entries that come. false: end with those that are there.' }),
  })
  .superRefine(checkDeclaredKey);

export type Connection = z.output<typeof connectionSchema>;
export type SinkStage = z.output<typeof sinkSchema>;
export type SourceStage = z.output<typeof sourceSchema>;
