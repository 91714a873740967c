import type pg from 'pg';
import type { Executor } from '../store/executor.ts';

/** Channel of NOTIFY for a group. What is sent is a hint: a lost one costs time, never an event. */
const channel = (schema: string, group: string): string => `${schema}.${group}`;

/** `flush`: write how far you have come, somebody waits. `restart`: what a group is to do has changed. */
export type Poke = 'flush' | 'restart';

export async function poke(executor: Executor, schema: string, group: string, what: Poke): Promise<void> {
  await executor.query('SELECT pg_notify($1, $2)', [channel(schema, group), what]);
}

export async function onPoke(
  session: pg.Client,
  schema: string,
  group: string,
  call: (what: Poke) => void,
): Promise<void> {
  session.on('notification', ({ payload }) => call(payload === 'restart' ? 'restart' : 'flush'));
  await session.query(`LISTEN ${session.escapeIdentifier(channel(schema, group))}`);
}
