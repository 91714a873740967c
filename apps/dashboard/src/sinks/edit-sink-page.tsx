import { useNavigate, useParams } from '@tanstack/react-router';
import { EditDefinition } from '../definitions/edit-definition.tsx';

export function EditSinkPage() {
  const { name } = useParams({ from: '/sinks/$name/edit' });
  const navigate = useNavigate();
  return (
    <EditDefinition kind="sinks" name={name} onDone={() => void navigate({ to: '/sinks/$name', params: { name } })} />
  );
}
