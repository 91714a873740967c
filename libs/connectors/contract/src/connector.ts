import type { ProcessorSupplier } from '@millrace/engine';
import type { Column, TableSchema } from '@millrace/formats';
import type { z } from 'zod';
import type { Discovery, ReplicationSlot } from './discovery.ts';
import type { Guarantee, SinkCapabilities, SinkGuarantee, SourceCapabilities } from './guarantee.ts';
import type { Refusals } from './refusals.ts';
import type { ReloadRequest } from './reload.ts';

/** One result of a preflight: what was looked at, whether it holds, and the statement that repairs it. */
export interface Finding {
  /** Stable, such as `postgres.wal_level_not_logical`. */
  readonly code: string;
  /** `ok`: looked at and fine. `warning`: works, but. `error`: a job would fail. */
  readonly severity: 'ok' | 'warning' | 'error';
  readonly message: string;
  /** SQL or a sentence; absent when `ok`. */
  readonly mend?: string | undefined;
  /** JSON pointer into the options that were checked (`/tables/0`, `/host`). */
  readonly pointer?: string | undefined;
}

/** What identifies a job towards other systems: names of slots, publications and progress rows derive from it. */
export interface JobIdentity {
  readonly jobId: string;
  readonly jobName: string;
  /** Name of the stage in the job's document. */
  readonly stage: string;
}

/** Options with the secrets resolved. They live in memory only: never logged, never stored. */
export interface Resolved<Config, Stage> {
  readonly config: Config;
  readonly stage: Stage;
  readonly job: JobIdentity;
}

/** What a source stage will deliver, as far as it can be told before it runs. */
export interface SourceShape {
  readonly tables: readonly TableSchema[];
  /** Its events are changes of one log: their positions only grow, except while tables are being loaded. Absent: they have none. */
  readonly hasPositions?: boolean | undefined;
}

/** What rows of a table are looked up by, and what of them is wanted. */
export interface LookupRequest {
  /** With its schema: `public.customers`. */
  readonly table: string;
  readonly keyColumns: readonly string[];
  readonly columns: readonly string[];
  /** The whole table is held in memory, and kept up to date (see `holdsTables`). Absent: each row is asked for. */
  readonly hold?: HeldTableOptions | undefined;
}

/** Bounds of a table that is held. */
export interface HeldTableOptions {
  /** More of them are an error. */
  readonly rowsMax: number;
  /** Everything is looked at so often, whatever else tells of changes. */
  readonly refreshMs: number;
  /** What is older counts no more: `find` fails. */
  readonly ageMsMax: number;
}

/** A connection that looks rows up. */
export interface TableLookup extends AsyncDisposable {
  /** The wanted columns. */
  readonly columns: readonly Column[];
  /** By key (texts): the wanted columns as texts, `null` of NULL; `undefined` where there is no row. Fails when the connection does. */
  find(keys: readonly (readonly string[])[]): Promise<readonly ((string | null)[] | undefined)[]>;
  /** Of a table that is held: everything that was so long ago is in what `find` gives, milliseconds; and how many rows there are. */
  state?(): { readonly ageMs: number; readonly rows: number };
}

/** Raised when a connector written for the contract before would not do any more. */
export const CONTRACT_VERSION = 1;

interface Definition<Config, Stage> {
  /** Unique name of the system, such as `postgres`, `jdbc`, `files`; lower case, digits, `-`. */
  readonly type: string;
  readonly role: 'source' | 'sink';
  readonly summary: string;
  /** Options of a registered source or sink (connection). Secrets are strings marked with `secretField`. */
  readonly config: z.ZodType<Config>;
  /** Options of a stage of a job that uses it (tables, key, mode). Strict: an unknown option is an error. */
  readonly stage: z.ZodType<Stage>;
  /** Says what the connection lacks. Never changes anything, never throws for what a finding can say. */
  check(config: Config, signal: AbortSignal): Promise<readonly Finding[]>;
  /** Removes what a deleted job left at the other system (slot, progress row). Safe to call twice. */
  dispose?(options: Resolved<Config, Stage>, signal: AbortSignal): Promise<void>;
}

export interface SourceDefinition<Config = never, Stage = never> extends Definition<Config, Stage> {
  readonly role: 'source';
  readonly capabilities: SourceCapabilities;
  /** One for each mode that differs. */
  readonly guarantees: readonly Guarantee[];
  /** Tables as the stage would deliver them; findings when it can't. Changes nothing. */
  describe(
    options: Resolved<Config, Stage>,
    signal: AbortSignal,
  ): Promise<{ readonly shape: SourceShape; readonly findings: readonly Finding[] }>;
  /** Every table it could capture. Changes nothing. Absent: it cannot tell. @throws MillraceError when its system is away */
  discover?(config: Config, signal: AbortSignal): Promise<Discovery>;
  /** What keeps its system from removing log that jobs have still to read, also of jobs that are gone. Absent: nothing does. */
  listSlots?(config: Config, signal: AbortSignal): Promise<readonly ReplicationSlot[]>;
  /** Removes a slot of a job that is gone. Safe to call twice. */
  dropSlot?(config: Config, slot: string, signal: AbortSignal): Promise<void>;
  /** Looks rows of its tables up, for enrichment. Absent: it cannot. */
  openLookup?(config: Config, request: LookupRequest, signal: AbortSignal): Promise<TableLookup>;
  /** `openLookup` honours `hold`. It resolves when the table is held as a whole. Absent: it does not. */
  readonly holdsTables?: boolean | undefined;
  /** Does `createSource` honour `refusals` for this stage? Absent: for none. */
  refuses?(stage: Stage): boolean;
  /**
   * With `refusals` it goes on without messages that it cannot read: it refuses them when what follows them is handed on (see `UnreadEvents`), and its
   * `process` gets those that come back. Its processors are each one's own then.
   *
   * With `reloads` (only where `capabilities.reload`) it begins those that its state does not know, keeps their ids in its state, and tells what
   * a committed snapshot has of each in the gauge `reloadGauge`.
   */
  createSource(
    options: Resolved<Config, Stage> & {
      readonly sinksShowRowsAtOnce: boolean;
      readonly refusals?: Refusals | undefined;
      readonly reloads?: readonly ReloadRequest[] | undefined;
    },
  ): ProcessorSupplier;
}

export interface SinkDefinition<Config = never, Stage = never> extends Definition<Config, Stage> {
  readonly role: 'sink';
  readonly capabilities: SinkCapabilities;
  /** One for each mode that differs. */
  readonly guarantees: readonly SinkGuarantee[];
  /** Rows, those of an initial load too, are visible before the snapshot that covers them is committed (as `upsert`); the load needs to know. */
  showsRowsAtOnce(stage: Stage): boolean;
  /**
   * Rows may be shown before a snapshot covers them, and what comes again after a crash is skipped up to the position of the last one shown. A record
   * that a stage before it refused then, and takes now, would be skipped as well. Absent: it does not.
   */
  skipsWhatItPassed?(stage: Stage): boolean;
  /** Can this stage take these tables (keys, columns, the target's own shape)? Changes nothing. */
  checkStage(options: Resolved<Config, Stage>, input: SourceShape, signal: AbortSignal): Promise<readonly Finding[]>;
  /** Does `createSink` honour `refusals` for this stage? Absent: for none. */
  refuses?(stage: Stage): boolean;
  /** Options of a stage that gets copies of dead letters, unless the user says otherwise. Absent: it can't be one. */
  readonly letterOptions?: Readonly<Record<string, unknown>> | undefined;
  /** Makes the processor of one instance where `refusals` are given, for these are its own. */
  createSink(options: Resolved<Config, Stage> & { readonly refusals?: Refusals | undefined }): ProcessorSupplier;
}

interface Versioned {
  /** `CONTRACT_VERSION` of the package it was made with. */
  readonly contractVersion: number;
}

export interface SourceConnector<Config = never, Stage = never> extends SourceDefinition<Config, Stage>, Versioned {}
export interface SinkConnector<Config = never, Stage = never> extends SinkDefinition<Config, Stage>, Versioned {}

/** A type of external system as one value: validation, forms, reference pages and the running parts all derive from it. */
// biome-ignore lint/suspicious/noExplicitAny: a registry holds connectors of all option types
export type Connector = SourceConnector<any, any> | SinkConnector<any, any>;

/** What a connector holds for a stage with these options; `undefined` when it says nothing of them. */
export const guaranteeFor = (
  { guarantees }: Connector,
  stage: Readonly<Record<string, unknown>>,
): Guarantee | SinkGuarantee | undefined =>
  guarantees.find(({ mode }) => Object.entries(mode).every(([option, value]) => stage[option] === value));

export const defineSource = <Config, Stage>(
  definition: SourceDefinition<Config, Stage>,
): SourceConnector<Config, Stage> => ({ ...definition, contractVersion: CONTRACT_VERSION });
export const defineSink = <Config, Stage>(definition: SinkDefinition<Config, Stage>): SinkConnector<Config, Stage> => ({
  ...definition,
  contractVersion: CONTRACT_VERSION,
});
