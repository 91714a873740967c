import { MillraceError } from '@millrace/kernel';
import type { WriterIdentity } from '../dialect.ts';
import { Fenced } from '../errors.ts';

export const fenced = ({ jobId, sink, generation }: WriterIdentity): MillraceError =>
  new MillraceError(Fenced, {
    message: `generation ${generation} of job ${jobId} may no longer write to sink "${sink}": a newer execution has taken over`,
    mend: 'Nothing: the newer execution goes on with the work.',
    details: { generation },
  });
