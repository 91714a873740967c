import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { asCurl, type Call, recordCall } from '../api/call.ts';
import { api } from '../api/client.ts';
import { useMe } from '../api/me.ts';
import { CodeBlock } from './code-block.tsx';
import { ProblemAlert } from './problem-alert.tsx';

export interface ConfirmActionProps<T> {
  readonly label: string;
  /** What will happen, and what will stay. */
  readonly says: ReactNode;
  readonly call: Call<T>;
  /** What is lost is asked for in red. */
  readonly isFinal?: boolean;
  readonly isDisabled?: boolean;
  readonly icon?: ReactNode;
  readonly variant?: 'default' | 'filled' | 'subtle';
  /** More to fill in before the call is made. */
  readonly children?: ReactNode;
  readonly onDone?: (answer: T) => void;
}

/** The request as a shell would make it. */
export function CallAsCurl({ call }: { readonly call: Call }) {
  const { hasKeys } = useMe();
  const { data } = useQuery({ queryKey: ['curl', call], queryFn: () => recordCall(call), gcTime: 0 });
  return data === undefined ? null : <CodeBlock text={asCurl(data, hasKeys)} what="the call as curl" />;
}

/** A button that says what it will do, shows the call, and does it when that is confirmed. */
export function ConfirmAction<T>(props: ConfirmActionProps<T>) {
  const { label, says, call, isFinal = false, isDisabled, icon, variant = 'default', children, onDone } = props;
  const [isOpen, { open, close }] = useDisclosure();
  const client = useQueryClient();
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
        disabled={isDisabled}
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
          {isOpen && <CallAsCurl call={call} />}
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
