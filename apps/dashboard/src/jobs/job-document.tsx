import type { Job } from '@millrace/sdk/client';
import { stringify } from 'yaml';
import { CodeBlock } from '../parts/code-block.tsx';

/** The document that the job runs, with the options that were filled in. */
export function JobDocument({ job }: { readonly job: Job }) {
  return <CodeBlock text={stringify(job.document)} what="the document" />;
}
