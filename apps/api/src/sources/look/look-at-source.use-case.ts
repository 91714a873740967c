import { Catalog, type Definition } from '@millrace/catalog';
import { type Connector, ConnectorRegistry, type Discovery, type SourceConnector } from '@millrace/connector-contract';
import { errorCode, MillraceError, ulids } from '@millrace/kernel';
import { checkInput } from '@millrace/pipeline';
import { Injectable } from '@nestjs/common';
import { connectorOf } from '../../definitions/definition-options.ts';
import { inputInvalid } from '../../http/errors.ts';
import type { ColumnsView, DiscoveryView, SlotsView } from './look.schemas.ts';

const LOOK_MS_MAX = 20_000;

const NotTold = errorCode('source.cannot_tell', {
  domain: 'user',
  retry: 'never',
  title: 'Sources of this type cannot tell this',
});

const NoSuchTable = errorCode('source.no_such_table', {
  domain: 'user',
  retry: 'never',
  title: 'The source has no such table',
});

const SlotInUse = errorCode('slot.in_use', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The slot belongs to a job',
});

const UnknownSlot = errorCode('slot.unknown', { domain: 'user', retry: 'never', title: 'There is no such slot' });

const NotConfirmed = errorCode('slot.not_confirmed', {
  domain: 'user',
  retry: 'never',
  title: 'Dropping the slot is not confirmed',
});

// biome-ignore lint/suspicious/noExplicitAny: a connector of any option types
type AnySource = SourceConnector<any, any>;

/** Looks at the system of a source: its tables, its slots. */
@Injectable()
export class LookAtSourceUseCase {
  constructor(
    private readonly catalog: Catalog,
    private readonly registry: ConnectorRegistry,
  ) {}

  /** @throws MillraceError `source.unknown`, `source.cannot_tell`, what the system says */
  async tables(idOrName: string): Promise<DiscoveryView> {
    const { source, connector, config } = await this.#open(idOrName);
    if (connector.discover === undefined) throw cannotTell(source, 'its tables');
    return discoveryView(await connector.discover(config, AbortSignal.timeout(LOOK_MS_MAX)));
  }

  /** @throws MillraceError `source.unknown`, `source.cannot_tell`, `source.no_such_table` */
  async columns(idOrName: string, tables: readonly string[]): Promise<ColumnsView> {
    const { source, connector, config } = await this.#open(idOrName);
    const stage = checkInput(connector.stage, { tables });
    if (stage.value === undefined) throw cannotTell(source, 'the columns of tables by their names');
    const job = { jobId: ulids.next(), jobName: 'columns', stage: 'columns' };
    const signal = AbortSignal.timeout(LOOK_MS_MAX);
    const { shape, findings } = await connector.describe({ config, stage: stage.value, job }, signal);
    const missing = tables.filter((name) => !shape.tables.some(({ id }) => id === name));
    if (missing.length > 0) {
      const finding = findings.find(({ severity }) => severity === 'error');
      throw new MillraceError(NoSuchTable, {
        message: finding?.message ?? `there is no table ${missing.join(', ')}`,
        mend: finding?.mend ?? `GET /api/v1/sources/${idOrName}/tables lists them.`,
        details: { parameter: 'tables', missing },
      });
    }
    const items = shape.tables.map(({ id: table, columns }) => ({
      table,
      columns: columns.map(({ name, kind, sqlType, key, nullable }) => ({
        name,
        kind,
        sqlType,
        isKey: key,
        isNullable: nullable,
      })),
    }));
    return { items };
  }

  /** @throws MillraceError `source.unknown`, `source.cannot_tell`, what the system says */
  async slots(idOrName: string): Promise<SlotsView> {
    const { source, connector, config } = await this.#open(idOrName);
    if (connector.listSlots === undefined) throw cannotTell(source, 'slots, for it has none');
    const slots = await connector.listSlots(config, AbortSignal.timeout(LOOK_MS_MAX));
    const items = slots.map(async ({ name, jobId, isActive, retainedBytes, lagBytes, safeBytes, state }) => {
      const job = await this.catalog.jobs.find(jobId);
      return {
        name,
        job: job === undefined ? null : { id: job.id, name: job.name },
        isActive,
        retainedBytes: retainedBytes ?? null,
        lagBytes: lagBytes ?? null,
        safeBytes: safeBytes ?? null,
        state: state ?? null,
      };
    });
    return { items: await Promise.all(items) };
  }

  /** Drops an orphan. @throws MillraceError `slot.unknown`, `slot.in_use`, `slot.not_confirmed` and those of `slots` */
  async dropSlot(idOrName: string, name: string, confirm: string): Promise<void> {
    if (confirm !== name) {
      throw new MillraceError(NotConfirmed, {
        message: `confirm is "${confirm}", not the name of the slot`,
        mend: `Send ?confirm=${name} when it is to be dropped: who reads it later cannot go on.`,
        details: { parameter: 'confirm' },
      });
    }
    const { items } = await this.slots(idOrName);
    const slot = items.find((each) => each.name === name);
    if (slot === undefined) {
      throw new MillraceError(UnknownSlot, {
        message: `there is no slot "${name}" of a job in this database`,
        mend: `GET /api/v1/sources/${idOrName}/slots lists them.`,
      });
    }
    if (slot.job !== null) {
      throw new MillraceError(SlotInUse, {
        message: `the slot is that of the job "${slot.job.name}", which would lose its place in the log`,
        mend: `Delete the job, which drops its slot: DELETE /api/v1/jobs/${slot.job.name}.`,
        details: { job: slot.job.name },
      });
    }
    const { connector, config } = await this.#open(idOrName);
    await connector.dropSlot?.(config, name, AbortSignal.timeout(LOOK_MS_MAX));
  }

  async #open(idOrName: string): Promise<{ source: Definition; connector: AnySource; config: unknown }> {
    const source = await this.catalog.sources.get(idOrName);
    const connector = connectorOf(this.registry, 'source', source.type) as AnySource;
    const resolved = await this.catalog.definitions.resolveDefinition('source', source);
    return { source, connector, config: optionsOf(connector, resolved.config) };
  }
}

function optionsOf(connector: Connector, config: unknown): unknown {
  const checked = checkInput(connector.config, config, '/config');
  if (checked.value === undefined) throw inputInvalid(checked.issues);
  return checked.value;
}

const cannotTell = ({ name, type }: Definition, what: string): MillraceError =>
  new MillraceError(NotTold, {
    message: `the source "${name}" of type ${type} cannot tell ${what}`,
    mend: 'GET /api/v1/connectors says what each type can do.',
  });

export const discoveryView = ({ tables, isCut, findings }: Discovery): DiscoveryView => ({
  items: tables.map(({ rowsEstimate, bytes, replicaIdentity, key, findings: found, ...name }) => ({
    ...name,
    rowsEstimate: rowsEstimate ?? null,
    bytes: bytes ?? null,
    key: [...key],
    replicaIdentity: replicaIdentity ?? null,
    findings: [...found],
  })),
  isCut,
  findings: [...findings],
});
