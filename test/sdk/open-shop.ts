import type { TestDatabase } from '@millrace/testing';
import { type Platform, startPlatform } from '../../apps/cli/src/demo/platform.ts';

/** Everything of Millrace, the shop registered as a source, and a database for a service. */
export async function openShop(workers = 1): Promise<Platform> {
  const platform = await startPlatform({ workers, show: () => {} });
  try {
    await platform.source.query(
      'CREATE TABLE orders (id int PRIMARY KEY, customer text NOT NULL, total numeric(10,2) NOT NULL)',
    );
    await platform.rest.post('sources', { name: 'shop', type: 'postgres', config: connectionOf(platform.source) });
    return platform;
  } catch (error) {
    await platform[Symbol.asyncDispose]();
    throw error;
  }
}

export function connectionOf({ connection }: TestDatabase): Record<string, unknown> {
  const { password, ...rest } = connection;
  return { ssl: 'disable', ...rest, ...(password === undefined ? {} : { password }) };
}

/** Waits for what nobody announces; the limit of the test ends it. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}
