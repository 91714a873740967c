import type { Job } from '@millrace/sdk/client';
import { useNavigate } from '@tanstack/react-router';
import type { Kind } from '../api/definition-queries.ts';
import { ConfirmAction } from '../parts/confirm-action.tsx';

/** Takes a source or sink out of the register; not while a job uses it. */
export function DeleteDefinition({
  kind,
  name,
  jobs,
}: {
  readonly kind: Kind;
  readonly name: string;
  readonly jobs: readonly Job[];
}) {
  const navigate = useNavigate();
  return (
    <ConfirmAction
      label="Delete"
      needs="editor"
      isFinal
      isDisabled={jobs.length > 0}
      says={`${name} is taken out of the register, with its secrets. Nothing is changed at the system itself.`}
      call={(api) => api.DELETE(`/api/v1/${kind}/{id}`, { params: { path: { id: name } } })}
      onDone={() => void navigate({ to: kind === 'sources' ? '/sources' : '/sinks' })}
    />
  );
}
