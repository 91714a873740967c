import type { JobModule } from '@millrace/catalog';
import { z } from 'zod';

/** Longest code of a module, bytes of UTF-8: it has to fit into a body with room for JSON's escapes. */
export const MODULE_BYTES_MAX = 786_432;
/** Modules that a list shows. */
export const MODULES_SHOWN_MAX = 200;

export const uploadModuleSchema = z
  .strictObject({
    code: z.string().min(1).meta({ description: 'A JavaScript module, bundled; it may import @millrace/*.' }),
  })
  .meta({ id: 'UploadModule', description: 'Code of a job written in TypeScript, as millrace submit bundles it.' });

export type UploadModule = z.infer<typeof uploadModuleSchema>;

export const moduleViewSchema = z
  .object({
    sha256: z.string(),
    byteLength: z.int(),
    createdAt: z.iso.datetime(),
    jobs: z.array(z.string()).meta({ description: 'Names of the jobs that use it.' }),
  })
  .meta({ id: 'Module', description: 'An uploaded module.' });

export type ModuleView = z.infer<typeof moduleViewSchema>;

export const moduleListSchema = z
  .object({ items: z.array(moduleViewSchema) })
  .meta({ id: 'ModuleList', description: 'Uploaded modules, the newest first.' });

export const moduleCodeSchema = z
  .object({ code: z.string() })
  .meta({ id: 'ModuleCode', description: 'Code of a module.' });

export const moduleView = ({ createdAt, jobs, ...module }: JobModule): ModuleView => ({
  ...module,
  createdAt: createdAt.toISOString(),
  jobs: [...jobs],
});
