import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CACHE = fileURLToPath(new URL('../../node_modules/.cache/millrace/bench-eventstore', import.meta.url));
const MANIFEST = fileURLToPath(new URL('package.json', import.meta.url));

export interface EmmettEvent {
  readonly type: string;
  readonly data: unknown;
}

/** What is used of Emmett's store; its own types are not there before it is installed. */
export interface EmmettStore {
  appendToStream(stream: string, events: readonly EmmettEvent[], options?: object): Promise<unknown>;
  readStream(stream: string): Promise<{ readonly events: readonly EmmettEvent[] }>;
  readonly schema: { migrate(): Promise<unknown> };
  close(): Promise<void>;
}

export interface Emmett {
  readonly version: string;
  open(url: string): Promise<EmmettStore>;
  /** Fills the table `quantities` by a projection of this name with one statement for each event; resolves when no message is left. */
  rebuild(url: string, name: string): Promise<void>;
}

interface Consumer {
  start(): Promise<void>;
  close(): Promise<void>;
}

/** Installs it, once, and loads it. */
export function loadEmmett(): Emmett {
  if (!existsSync(join(CACHE, 'node_modules'))) {
    console.log('installing Emmett ...');
    mkdirSync(CACHE, { recursive: true });
    copyFileSync(MANIFEST, join(CACHE, 'package.json'));
    execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: CACHE, stdio: 'inherit' });
  }
  const require = createRequire(join(CACHE, 'package.json'));
  const postgres = require('@event-driven-io/emmett-postgresql') as {
    getPostgreSQLEventStore(url: string): EmmettStore;
    rebuildPostgreSQLProjections(options: object): Consumer;
    postgreSQLRawSQLProjection(options: object): object;
  };
  const { SQL } = require('@event-driven-io/dumbo') as {
    readonly SQL: (strings: TemplateStringsArray, ...values: unknown[]) => unknown;
  };
  const { dependencies } = require(MANIFEST) as { readonly dependencies: Readonly<Record<string, string>> };
  return {
    version: dependencies['@event-driven-io/emmett-postgresql']!,
    async open(url) {
      const store = postgres.getPostgreSQLEventStore(url);
      await store.schema.migrate();
      return store;
    },
    async rebuild(url, name) {
      const projection = postgres.postgreSQLRawSQLProjection({
        name,
        canHandle: ['ItemAdded'],
        evolve: ({ data }: { data: { sku: string; quantity: number } }) =>
          SQL`INSERT INTO quantities AS t VALUES (${data.sku}, ${data.quantity})
              ON CONFLICT (sku) DO UPDATE SET quantity = t.quantity + excluded.quantity`,
      });
      const consumer = postgres.rebuildPostgreSQLProjections({
        connectionString: url,
        projections: [projection],
        pulling: { batchSize: 1_000 },
      });
      await consumer.start();
      await consumer.close();
    },
  };
}
