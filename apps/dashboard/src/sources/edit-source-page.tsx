import { useNavigate, useParams } from '@tanstack/react-router';
import { EditDefinition } from '../definitions/edit-definition.tsx';

export function EditSourcePage() {
  const { name } = useParams({ from: '/sources/$name/edit' });
  const navigate = useNavigate();
  return (
    <EditDefinition
      kind="sources"
      name={name}
      onDone={() => void navigate({ to: '/sources/$name', params: { name } })}
    />
  );
}
