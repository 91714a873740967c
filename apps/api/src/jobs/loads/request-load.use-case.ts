import { Catalog, type Job, TableIsLoading } from '@millrace/catalog';
import { ConnectorRegistry } from '@millrace/connector-contract';
import { MillraceError, suggestNames } from '@millrace/kernel';
import { Injectable } from '@nestjs/common';
import { connectorOf } from '../../definitions/definition-options.ts';
import { jobTablesView, type TableView } from '../../live/job/job-tables.ts';
import { Executions } from '../../queue/executions.ts';
import { LookAtSourceUseCase } from '../../sources/look/look-at-source.use-case.ts';
import { LoadNotPossible, LoadUnclearStage, LoadUnknownTable } from './errors.ts';
import { loadEffects } from './load-effects.ts';
import type { RequestedLoadView, RequestLoad } from './table-load.schemas.ts';
import { tableLoadView } from './table-load.view.ts';

/** Has tables of a job loaded again, or says what that would do. */
@Injectable()
export class RequestLoadUseCase {
  constructor(
    private readonly catalog: Catalog,
    private readonly registry: ConnectorRegistry,
    private readonly executions: Executions,
    private readonly lookAtSource: LookAtSourceUseCase,
  ) {}

  /**
   * @throws MillraceError `job.unknown`, `job.wrong_state`, `table_load.unknown_table`, `.unclear_stage`, `.not_possible`, `.is_loading`, `.too_many`,
   *   and what the source says
   */
  async execute(id: string, idOrName: string, { tables, stage, dryRun }: RequestLoad): Promise<RequestedLoadView> {
    const job = await this.catalog.jobs.get(idOrName);
    const figures = await this.executions.figures(job.id);
    const wanted = wantedTables(job, jobTablesView(job, figures).items, tables, stage);
    const { stage: name, source } = wanted[0]!;
    // A second try of a request that was written down is answered as the first.
    const isKnown = (await this.catalog.tableLoads.list(job.id)).some((load) => load.id === id);
    if (!isKnown) {
      refuseBusy(job, wanted);
      await this.#refuseImpossible(job, source, tables);
    }
    if (!dryRun) {
      const load = await this.catalog.tableLoads.request(job.id, { id, stage: name, tables });
      await this.executions.poke(job.id);
      return this.#view(job, wanted, { load: tableLoadView(job, load, figures) });
    }
    await this.catalog.tableLoads.check(job.id, { stage: name, tables });
    const found = await this.lookAtSource.tables(source);
    const estimates = new Map(found.items.map((table) => [table.id, table.rowsEstimate]));
    const looked = wanted.map((each) => ({ ...each, rowsEstimate: estimates.get(each.table) ?? each.rowsEstimate }));
    return this.#view(job, looked, { load: null });
  }

  async #view(
    job: Job,
    tables: readonly TableView[],
    { load }: Pick<RequestedLoadView, 'load'>,
  ): Promise<RequestedLoadView> {
    const names = tables.map(({ table }) => table);
    return {
      dryRun: load === null,
      load,
      stage: tables[0]!.stage,
      tables: tables.map(({ table, rowsEstimate }) => ({ table, rowsEstimate })),
      effects: [...(await loadEffects(job, names, { catalog: this.catalog, registry: this.registry }))],
    };
  }

  async #refuseImpossible(job: Job, sourceName: string, tables: readonly string[]): Promise<void> {
    const source = await this.catalog.sources.get(sourceName);
    const connector = connectorOf(this.registry, 'source', source.type);
    if (connector.role !== 'source' || connector.capabilities.reload !== true) {
      throw notPossible(
        `sources of type ${source.type} cannot load a table again while the job runs`,
        'GET /api/v1/connectors says which can ("reload").',
      );
    }
    if (job.document['guarantee'] === 'none') {
      throw notPossible(
        `the job "${job.name}" has the guarantee "none": it keeps no state that could know of a load`,
        `Restart it, and it loads all its tables: POST /api/v1/jobs/${job.name}/restart.`,
      );
    }
    const { items } = await this.lookAtSource.columns(sourceName, tables);
    const keyless = items.find(({ columns }) => !columns.some(({ isKey }) => isKey));
    if (keyless === undefined) return;
    throw notPossible(
      `${keyless.table} has no key: its rows cannot be told from those delivered before, and would be there twice`,
      'Give it a primary key, or delete the job and submit it again for a new target.',
    );
  }
}

/** What the job captures of these tables, of one stage. */
function wantedTables(
  job: Job,
  captured: readonly TableView[],
  tables: readonly string[],
  stage: string | undefined,
): readonly TableView[] {
  if (captured.length === 0) {
    throw notPossible(
      `the job "${job.name}" captures no tables`,
      'Only a job with a source stage that names "tables" can load one again.',
    );
  }
  const stages = [...new Set(captured.map((each) => each.stage))];
  if (stage !== undefined && !stages.includes(stage)) {
    throw new MillraceError(LoadUnclearStage, {
      message: `the job "${job.name}" has no source stage "${stage}" with tables`,
      mend: suggestNames('stage', stage, stages),
      pointer: '/stage',
    });
  }
  const ofStage = captured.filter((each) => stage === undefined || each.stage === stage);
  const names = [...new Set(ofStage.map(({ table }) => table))];
  const unknown = tables.findIndex((table) => !names.includes(table));
  if (unknown >= 0) {
    throw new MillraceError(LoadUnknownTable, {
      message: `the job "${job.name}" does not capture ${tables[unknown]}`,
      mend: suggestNames('table', tables[unknown]!, names),
      pointer: `/tables/${unknown}`,
    });
  }
  const fitting = stages.filter((name) =>
    tables.every((table) => ofStage.some((each) => each.stage === name && each.table === table)),
  );
  if (fitting.length !== 1) {
    throw new MillraceError(LoadUnclearStage, {
      message:
        fitting.length === 0
          ? 'no stage captures all of these tables'
          : `stages ${fitting.join(' and ')} capture these tables`,
      mend: fitting.length === 0 ? 'Make a request for each stage.' : `Say which is meant with "stage".`,
      pointer: '/stage',
      details: { stages },
    });
  }
  return ofStage.filter(({ stage: name, table }) => name === fitting[0] && tables.includes(table));
}

/** A first load reads everything there is anyway. */
function refuseBusy(job: Job, wanted: readonly TableView[]): void {
  const busy = wanted.find(({ phase }) => phase === 'loading' || phase === 'waiting');
  if (busy === undefined) return;
  throw new MillraceError(TableIsLoading, {
    message: `${busy.table} of stage "${busy.stage}" is being loaded`,
    mend: `GET /api/v1/jobs/${job.name}/tables shows how far it is; ask again when it is streaming.`,
  });
}

const notPossible = (message: string, mend: string): MillraceError =>
  new MillraceError(LoadNotPossible, { message, mend });
