import { useEffect, useState } from 'react';
import { asCurl, type Call, recordCall } from '../api/call.ts';
import { useMe } from '../api/me.ts';
import { CodeBlock } from './code-block.tsx';

/** The request as a shell would make it, as the fields around it are now. */
export function CallAsCurl({ call }: { readonly call: Call }) {
  const { hasKeys } = useMe();
  const [text, setText] = useState<string>();
  useEffect(() => {
    let isCurrent = true;
    void recordCall(call).then((recorded) => {
      if (isCurrent) setText(asCurl(recorded, hasKeys));
    });
    return () => {
      isCurrent = false;
    };
  }, [call, hasKeys]);
  return text === undefined ? null : <CodeBlock text={text} what="the call as curl" />;
}
