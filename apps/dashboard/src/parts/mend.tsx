import { Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { CodeBlock } from './code-block.tsx';
import { PageLink } from './page-link.tsx';

/** Words that SQL statements of ours begin with. */
const SQL = /^(ALTER|CREATE|GRANT|SELECT|DROP|REVOKE|SET|UPDATE|INSERT|DELETE|CALL)\b[\s\S]*;/;

/** A call of the API within a sentence. */
const CALL = /((?:GET|POST|PATCH|DELETE) \/api\/v1\/[^\s,;]*[^\s,;.])/;

/** What to do: a statement can be copied, a sentence is read; where it names a call of the API, the page that makes that call is linked. */
export function Mend({ text, children }: { readonly text: string; readonly children?: ReactNode }) {
  return SQL.test(text.trim()) ? (
    <CodeBlock text={text} what="the statement" />
  ) : (
    <Text size="sm" component="div" style={{ overflowWrap: 'anywhere' }}>
      <b>To do: </b>
      {text.split(CALL).map((part, index) => (index % 2 === 0 ? part : <PlaceOfCall key={part} call={part} />))}
      {children}
    </Text>
  );
}

function PlaceOfCall({ call }: { readonly call: string }) {
  const [collection = '', encoded = '', below = ''] = call.replace(/^\w+ \/api\/v1\//, '').split(/[/?]/);
  const name = decodeURIComponent(encoded);
  const look = { title: call, underline: 'always' } as const;
  const isOne = name !== '';
  if (collection === 'jobs' && isOne)
    return below === 'dead-letters' ? (
      <PageLink to="/jobs/$name" params={{ name }} search={{ tab: 'dead-letters' }} {...look}>
        the dead letters of {name}
      </PageLink>
    ) : (
      <PageLink to="/jobs/$name" params={{ name }} {...look}>
        the page of {name}
      </PageLink>
    );
  if (collection === 'sources' && isOne)
    return (
      <PageLink to="/sources/$name" params={{ name }} {...look}>
        {below === 'slots' ? 'the slots of ' : 'the page of '}
        {name}
      </PageLink>
    );
  if (collection === 'sinks' && isOne)
    return (
      <PageLink to="/sinks/$name" params={{ name }} {...look}>
        the page of {name}
      </PageLink>
    );
  if (collection === 'sources' || collection === 'sinks')
    return (
      <PageLink to={collection === 'sources' ? '/new-source' : '/new-sink'} {...look}>
        the form for {collection}
      </PageLink>
    );
  return <code>{call}</code>;
}
