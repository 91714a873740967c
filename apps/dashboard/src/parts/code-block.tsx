import styles from './code-block.module.css';
import { CopyButton } from './copy-button.tsx';

/** Text to be run or kept elsewhere: SQL, a shell command, a document. */
export function CodeBlock({ text, what }: { readonly text: string; readonly what: string }) {
  return (
    <div className={styles['block']}>
      <pre>
        <code>{text}</code>
      </pre>
      <div className={styles['copy']}>
        <CopyButton text={text} what={what} />
      </div>
    </div>
  );
}
