import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import type { AccessRole } from '@millrace/sdk/client';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Call } from '../api/call.ts';
import { api } from '../api/client.ts';
import { useMe } from '../api/me.ts';
import { CallAsCurl } from './call-as-curl.tsx';
import { ProblemAlert } from './problem-alert.tsx';

export interface ConfirmActionProps<T> {
  readonly label: string;
  /** What will happen, and what will stay. */
  readonly says: ReactNode;
  readonly call: Call<T>;
  /** What is shown in place of a call that holds secrets. */
  readonly shown?: Call;
  /** The role that the call needs. */
  readonly needs: AccessRole;
  /** What is lost is asked for in red. */
  readonly isFinal?: boolean;
  readonly isDisabled?: boolean;
  readonly icon?: ReactNode;
  readonly variant?: 'default' | 'filled' | 'subtle';
  /** More to fill in before the call is made. */
  readonly children?: ReactNode;
  readonly onDone?: (answer: T) => void;
}

/** A button that says what it will do, shows the call, and does it when that is confirmed. */
export function ConfirmAction<T>(props: ConfirmActionProps<T>) {
  const {
    label,
    says,
    call,
    shown = call,
    needs,
    isFinal = false,
    isDisabled = false,
    icon,
    variant = 'default',
    children,
    onDone,
  } = props;
  const [isOpen, { open, close }] = useDisclosure();
  const client = useQueryClient();
  const { may } = useMe();
  const mutation = useMutation({
    mutationFn: () => call(api),
    onSuccess: (answer) => {
      close();
      onDone?.(answer);
      void client.invalidateQueries();
    },
  });
  return (
    <>
      <Button
        variant={variant}
        color={isFinal ? 'red' : undefined}
        leftSection={icon}
        disabled={isDisabled || !may(needs)}
        title={may(needs) ? undefined : `Needs the role ${needs}`}
        onClick={() => {
          mutation.reset();
          open();
        }}
      >
        {label}
      </Button>
      <Modal opened={isOpen} onClose={close} title={label} closeButtonProps={{ 'aria-label': 'Close' }}>
        <Stack gap="md">
          <Text size="sm" component="div">
            {says}
          </Text>
          {children}
          {isOpen && <CallAsCurl call={shown} />}
          {mutation.error !== null && <ProblemAlert error={mutation.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Not now
            </Button>
            <Button
              color={isFinal ? 'red.8' : undefined}
              loading={mutation.isPending}
              onClick={() => mutation.mutate()}
            >
              {label}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
