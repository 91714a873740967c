import { Text } from '@mantine/core';
import { memo, useRef, useState } from 'react';
import { CodeBlock } from '../parts/code-block.tsx';
import { plural, timeOfDay } from '../parts/formats.ts';
import styles from './tail.module.css';
import { type ColumnWords, wordsOf } from './tail-row.ts';
import type { TailedRow } from './use-tail.ts';

/** Rows in two lines each, the newest on top; each opens to all that is known of it. They stand still while somebody points at them or moves among them by keyboard. */
export function TailRows({ rows }: { readonly rows: readonly TailedRow[] }) {
  const [isPointed, setPointed] = useState(false);
  const [isWalked, setWalked] = useState(false);
  const shown = useRef(rows);
  if (!isPointed && !isWalked) shown.current = rows;
  const newer = (rows[0]?.number ?? 0) - (shown.current[0]?.number ?? 0);
  return (
    <div>
      <ol
        className={styles['rows']}
        aria-label="Rows, the newest first"
        data-testid="tail-rows"
        onPointerEnter={() => setPointed(true)}
        onPointerLeave={() => setPointed(false)}
        onFocus={({ target }) => setWalked(target.matches(':focus-visible'))}
        onBlur={() => setWalked(false)}
      >
        {shown.current.map((row) => (
          <Row key={row.number} tailed={row} />
        ))}
      </ol>
      <Text size="xs" c="dimmed" mih="1.25rem">
        {newer > 0 && `They stand still while you read: ${plural(newer, 'newer row')}.`}
      </Text>
    </div>
  );
}

const Row = memo(function Row({ tailed }: { readonly tailed: TailedRow }) {
  const [isOpen, setOpen] = useState(false);
  const { operation, table, key, columns, committedAt } = wordsOf(tailed.row);
  const at = committedAt ?? tailed.seenAt;
  return (
    <li>
      <button type="button" className={styles['row']} aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <span className={styles['head']}>
          <span className={styles['operation']}>{operation}</span>
          {key !== undefined && <b>{key}</b>}
          {table !== undefined && <span className={styles['quiet']}>{table}</span>}
          <time
            className={styles['time']}
            dateTime={at.toISOString()}
            title={committedAt === undefined ? 'When it was seen' : 'When it was committed'}
          >
            {timeOfDay(at)}
          </time>
        </span>
        <span className={styles['columns']}>
          {columns.map((column) => (
            <Column key={column.name} column={column} />
          ))}
        </span>
      </button>
      {isOpen && <CodeBlock text={JSON.stringify(tailed.row, null, 2)} what="the row as JSON" />}
    </li>
  );
});

const Column = ({ column: { name, before, now } }: { readonly column: ColumnWords }) => (
  <span>
    {name !== '' && <span className={styles['quiet']}>{name} </span>}
    {before !== undefined && (
      <>
        <del>{before}</del>
        {' → '}
      </>
    )}
    {now}
  </span>
);
