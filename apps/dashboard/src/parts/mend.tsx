import { Text } from '@mantine/core';
import { CodeBlock } from './code-block.tsx';

/** Words that SQL statements of ours begin with. */
const SQL = /^(ALTER|CREATE|GRANT|SELECT|DROP|REVOKE|SET|UPDATE|INSERT|DELETE|CALL)\b[\s\S]*;/;

/** What to do: a statement can be copied, a sentence is read. */
export function Mend({ text }: { readonly text: string }) {
  return SQL.test(text.trim()) ? (
    <CodeBlock text={text} what="the statement" />
  ) : (
    <Text size="sm">
      <b>To do: </b>
      {text}
    </Text>
  );
}
