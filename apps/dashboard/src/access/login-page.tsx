import { Button, PasswordInput, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../api/client.ts';
import { ProblemAlert } from '../parts/problem-alert.tsx';
import styles from '../shell/shell.module.css';

/** Begins a session in this browser with a key. */
export function useLogin() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (key: string) => (await api.POST('/api/v1/session', { body: { key } })).data!,
    onSuccess: (me) => {
      client.setQueryData(['me'], me);
      void client.invalidateQueries();
    },
  });
}

/** Stands in for every page while nobody is known. */
export function LoginPage() {
  const [key, setKey] = useState('');
  const login = useLogin();
  return (
    <main className={styles['alone']}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          login.mutate(key.trim());
        }}
      >
        <Stack gap="md">
          <Title order={1}>Millrace</Title>
          <PasswordInput
            label="API key"
            description="It begins with mk_ and was shown once, when it was made."
            value={key}
            onChange={(event) => setKey(event.currentTarget.value)}
            autoComplete="current-password"
            data-autofocus
            required
          />
          {login.error !== null && <ProblemAlert error={login.error} />}
          <Button type="submit" size="sm" loading={login.isPending}>
            Log in
          </Button>
          <Text size="sm" c="dimmed">
            The key stays with the server: this browser gets a cookie that scripts cannot read. No key? An admin makes
            one: <code>millrace keys create NAME --role viewer</code>.
          </Text>
        </Stack>
      </form>
    </main>
  );
}
