import { Table } from '@mantine/core';
import { memo, type ReactNode, useRef } from 'react';
import { useInSight } from './in-sight.ts';
import styles from './panel.module.css';
import { StandsStill } from './use-now.ts';

export interface Column<T> {
  readonly name: string;
  readonly cell: (row: T) => ReactNode;
  /** Numbers stand at the right. */
  readonly isNumber?: boolean;
  /** Sentences and lists; all else stands on one line. */
  readonly isText?: boolean;
}

interface TableProps<T> {
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string;
}

/** A table that scrolls sideways by itself on a phone. Rows that are the objects they were are not drawn again. */
export function DataTable<T>({ label, columns, rows, keyOf }: TableProps<T>) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={styles['table']} aria-label={label} tabIndex={0}>
      <Table highlightOnHover aria-label={label}>
        <Table.Thead>
          <Table.Tr>
            {columns.map((column) => (
              <Table.Th key={column.name} ta={alignOf(column)}>
                {column.name}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Row key={keyOf(row)} row={row} columns={columns as readonly Column<unknown>[]} />
          ))}
        </Table.Tbody>
      </Table>
    </section>
  );
}

const alignOf = ({ isNumber }: Pick<Column<never>, 'isNumber'>) => (isNumber === true ? 'right' : 'left');

interface RowProps {
  readonly row: unknown;
  readonly columns: readonly Column<unknown>[];
}

/** A row out of sight stays as it was: of hundreds that change each second only those that somebody sees are drawn. */
const Row = memo(function Row(props: RowProps) {
  const element = useRef<HTMLTableRowElement>(null);
  const isInSight = useInSight(element);
  const shown = useRef(props);
  if (isInSight) shown.current = props;
  const { row, columns } = shown.current;
  return (
    <Table.Tr ref={element}>
      <StandsStill value={!isInSight}>
        <Cells row={row} columns={columns} />
      </StandsStill>
    </Table.Tr>
  );
});

const Cells = memo(function Cells({ row, columns }: RowProps) {
  return columns.map((column) => (
    <Table.Td key={column.name} ta={alignOf(column)} className={column.isText === true ? styles['sentences']! : ''}>
      {column.cell(row)}
    </Table.Td>
  ));
});
