import { Group, Select, TextInput } from '@mantine/core';
import type { AccessRole, IssuedApiKey } from '@millrace/sdk/client';
import { useState } from 'react';
import type { Call } from '../api/call.ts';
import { ConfirmAction } from '../parts/confirm-action.tsx';

const ROLES: readonly AccessRole[] = ['viewer', 'operator', 'editor', 'admin'];
const LIFETIMES = [
  { value: '30d', label: '30 days' },
  { value: '90d', label: '90 days' },
  { value: '365d', label: 'a year' },
  { value: 'never', label: 'without end' },
];

/** Asks for what a new key is for, and makes it. */
export function CreateKey({ onIssued }: { readonly onIssued: (issued: IssuedApiKey | undefined) => void }) {
  const [name, setName] = useState('');
  const [role, setRole] = useState<AccessRole>('viewer');
  const [expiresIn, setExpiresIn] = useState('90d');
  const call: Call<{ data?: IssuedApiKey }> = (api) =>
    api.POST('/api/v1/api-keys', { body: { name, role, expiresIn } });
  return (
    <ConfirmAction
      label="Make a key"
      needs="admin"
      variant="filled"
      says="The key is shown once, when it is made. Give it no more than it needs."
      call={call}
      onDone={({ data }) => onIssued(data)}
    >
      <TextInput
        label="Name"
        description="Whose it is, or what for"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        data-autofocus
      />
      <Group grow>
        <Select
          label="Role"
          data={[...ROLES]}
          value={role}
          onChange={(value) => setRole((value ?? 'viewer') as AccessRole)}
          allowDeselect={false}
        />
        <Select
          label="Works for"
          data={LIFETIMES}
          value={expiresIn}
          onChange={(value) => setExpiresIn(value ?? '90d')}
          allowDeselect={false}
        />
      </Group>
    </ConfirmAction>
  );
}
