import { Code, Group, Stack, Text } from '@mantine/core';
import { ApiProblem } from '@millrace/sdk/client';
import { Mend } from './mend.tsx';
import { ToneBox } from './tone.tsx';

interface Trouble {
  readonly code?: string;
  readonly title?: string;
  readonly message: string;
  readonly mend?: string;
  readonly errors?: readonly {
    readonly code: string;
    readonly detail: string;
    readonly mend?: string;
    readonly pointer?: string;
  }[];
  readonly requestId?: string;
}

function troubleOf(error: unknown): Trouble {
  if (error instanceof ApiProblem) {
    const { code, title, detail, mend, errors, requestId } = error.problem;
    return { code, title, message: detail, mend, errors, requestId };
  }
  return { message: error instanceof Error ? error.message : String(error) };
}

/** What went wrong, under which name, and what to do. */
export function ProblemAlert({ error }: { readonly error: unknown }) {
  const { code, title, message, mend, errors = [], requestId } = troubleOf(error);
  const all = errors.length > 1 ? errors : [{ code: code ?? '', detail: message, mend, pointer: errors[0]?.pointer }];
  return (
    <ToneBox tone="bad" role="alert">
      <Stack gap="xs">
        {title !== undefined && <Text fw={600}>{title}</Text>}
        {all.map((each) => (
          <Stack gap={4} key={`${each.code}${each.pointer}${each.detail}`}>
            <Text size="sm">
              {each.detail}
              {each.pointer !== undefined && each.pointer !== '' && <Code ml={6}>{each.pointer}</Code>}
            </Text>
            {each.mend !== undefined && <Mend text={each.mend} />}
          </Stack>
        ))}
        <Group gap="sm">
          {code !== undefined && <Code>{code}</Code>}
          {requestId !== undefined && requestId !== '' && (
            <Text size="xs" c="dimmed">
              request {requestId}
            </Text>
          )}
        </Group>
      </Stack>
    </ToneBox>
  );
}
