import type { Clock } from '@millrace/kernel';
import type { TestDatabase } from '@millrace/testing';
import pg from 'pg';

/** The audit: rows are only ever inserted, and the target counts how often each arrived. */
export const PROBE_TABLE = 'public.probe';

const RECONNECT_PAUSE_MS = 200;
const PAUSE_MS = 2;

/** Both ends: at the target a trigger writes every application of a probe row to `probe_applied`, updates and deletes too. */
export async function createProbe(source: TestDatabase, target: TestDatabase): Promise<void> {
  await source.query(
    'create table probe (id bigint generated always as identity primary key, at timestamptz not null default clock_timestamp())',
  );
  await target.query(`
    create table probe (id bigint primary key, at timestamptz);
    create table probe_applied (id bigint, op text not null, at timestamptz not null default clock_timestamp());
    create function note_probe() returns trigger language plpgsql as $$
      begin
        insert into probe_applied (id, op) values (coalesce(new.id, old.id), tg_op);
        return null;
      end
    $$;
    create trigger note_probe after insert or update or delete on probe for each row execute function note_probe();
    create function note_truncate() returns trigger language plpgsql as $$
      begin
        insert into probe_applied (op) values (tg_op);
        return null;
      end
    $$;
    create trigger note_truncate after truncate on probe execute function note_truncate();
  `);
}

/** Inserts probe rows, one a transaction, until stopped; goes on after the server was away. */
export class ProbeWriter {
  readonly #url: string;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(url: string, clock: Clock) {
    this.#url = url;
    this.#clock = clock;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const client = new pg.Client({ connectionString: this.#url });
      client.on('error', () => {});
      try {
        await client.connect();
        while (!signal.aborted) {
          await client.query('insert into probe default values');
          await this.#clock.sleep(PAUSE_MS, signal).catch(() => {});
        }
      } catch {
        await this.#clock.sleep(RECONNECT_PAUSE_MS, signal).catch(() => {});
      } finally {
        await client.end().catch(() => {});
      }
    }
  }
}

export interface ProbeAudit {
  readonly events: number;
  /** Applications beyond the first. */
  readonly duplicates: number;
  /** In the source, never applied. */
  readonly missing: number;
  /** Ids that came more than once, the first few, with what was done. */
  readonly examples: readonly string[];
}

const EXAMPLES_MAX = 10;

export async function auditProbe(source: TestDatabase, target: TestDatabase): Promise<ProbeAudit> {
  const rows = await source.query<{ id: string }>('select id from probe');
  const applied = await target.query<{ id: string | null; times: number; what: string }>(
    `select id, count(*)::int as times, string_agg(op || ' ' || at::time, ', ' order by at) as what from probe_applied group by id`,
  );
  const seen = new Set(applied.map((row) => row.id));
  const repeated = applied.filter((row) => row.times > 1);
  return {
    events: rows.length,
    duplicates: repeated.reduce((sum, row) => sum + row.times - 1, 0),
    missing: rows.filter((row) => !seen.has(row.id)).length,
    examples: repeated.slice(0, EXAMPLES_MAX).map((row) => `${row.id}: ${row.what}`),
  };
}
