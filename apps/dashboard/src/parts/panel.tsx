import { Group, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import styles from './panel.module.css';

/** A part of a page with a heading of its own. */
export function Panel({
  title,
  aside,
  children,
}: {
  readonly title: string;
  readonly aside?: ReactNode;
  readonly children: ReactNode;
}) {
  return (
    <section className={styles['panel']} aria-label={title}>
      <Group justify="space-between" mb="xs" gap="xs">
        <Title order={2}>{title}</Title>
        {aside}
      </Group>
      {children}
    </section>
  );
}

export interface Fact {
  readonly name: string;
  readonly value: ReactNode;
  /** Smaller, behind the value: its unit, what it is made of. */
  readonly note?: ReactNode;
}

/** The few figures that say how it goes. */
export function Tiles({ facts }: { readonly facts: readonly Fact[] }) {
  return (
    <dl className={styles['tiles']}>
      {facts.map(({ name, value, note }) => (
        <div className={styles['tile']} key={name}>
          <dt>{name}</dt>
          <dd>
            {value} {note !== undefined && <small>{note}</small>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** A list of names with their values. */
export function Facts({
  facts,
}: {
  readonly facts: readonly { readonly key?: string; readonly name: ReactNode; readonly value: ReactNode }[];
}) {
  return (
    <dl className={styles['facts']}>
      {facts.map(({ key, name, value }) => (
        <FactRow key={key ?? (typeof name === 'string' ? name : '')} name={name} value={value} />
      ))}
    </dl>
  );
}

const FactRow = ({ name, value }: { readonly name: ReactNode; readonly value: ReactNode }) => (
  <>
    <dt>{name}</dt>
    <dd>{value}</dd>
  </>
);
