import { defineConfig } from './config.ts';

export const right = defineConfig({
  sources: { shop: { type: 'postgres', config: { host: 'a' } } },
  jobs: { copy: { stages: { rows: { source: 'shop' } } }, coded: { module: 'abc', options: { rate: 1 } } },
  subscriptions: { mailer: { source: 'shop', tables: ['public.orders'], operations: ['insert'] } },
});

// @ts-expect-error there is no such section
export const wrongSection = defineConfig({ source: {} });

export const wrongFields = defineConfig({
  // @ts-expect-error without options
  sinks: { warehouse: { type: 'jdbc' } },
  // @ts-expect-error neither stages nor a module
  jobs: { copy: { guarantee: 'exactly-once' } },
  // @ts-expect-error no such operation
  subscriptions: { mailer: { source: 'shop', tables: [], operations: ['upsert'] } },
});
