import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useMe } from '../api/me.ts';

/** Leads to the form that changes a source or sink; what a role may not do is shown, but cannot be pressed. */
export function ChangeButton({
  to,
  name,
}: {
  readonly to: '/sources/$name/edit' | '/sinks/$name/edit';
  readonly name: string;
}) {
  const { may } = useMe();
  if (!may('editor'))
    return (
      <Button variant="default" disabled title="Needs the role editor">
        Change
      </Button>
    );
  return (
    <Button variant="default" renderRoot={(props) => <Link to={to} params={{ name }} {...props} />}>
      Change
    </Button>
  );
}
