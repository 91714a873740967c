import { Catalog, type Role } from '@millrace/catalog';
import { type Connector, ConnectorRegistry, type Finding, secretFields } from '@millrace/connector-contract';
import { MillraceError } from '@millrace/kernel';
import { checkInput, errorIssue } from '@millrace/pipeline';
import { Injectable } from '@nestjs/common';
import type { ProbeView } from '../sources/look/look.schemas.ts';
import { discoveryView } from '../sources/look/look-at-source.use-case.ts';
import type { CheckView, ProbeInput } from './definition.schemas.ts';
import { connectorOf, splitOptions } from './definition-options.ts';

const PROBE_MS_MAX = 20_000;

/** Asks a system that is not registered what it lacks, and a source for its tables. Nothing is kept. */
@Injectable()
export class ProbeDefinitionUseCase {
  constructor(
    private readonly catalog: Catalog,
    private readonly registry: ConnectorRegistry,
  ) {}

  /** @throws MillraceError `input.invalid` */
  async execute(role: Role, { type, config }: ProbeInput): Promise<CheckView & Pick<ProbeView, 'tables'>> {
    const connector = connectorOf(this.registry, role, type);
    // Refuses what registering would refuse, with all its errors.
    splitOptions(connector, config);
    const findings: Finding[] = [];
    let tables: ProbeView['tables'] = null;
    try {
      tables = await this.#look(connector, config, findings);
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      // A connection that cannot be opened was told already.
      const finding = { ...errorIssue(error), severity: 'error' as const };
      if (!findings.some(({ code }) => code === finding.code)) findings.push(finding);
    }
    return { ok: !findings.some(({ severity }) => severity === 'error'), findings, tables };
  }

  async #look(connector: Connector, config: ProbeInput['config'], findings: Finding[]): Promise<ProbeView['tables']> {
    const resolved = await this.catalog.definitions.resolveGiven(config, secretFields(connector.config));
    const checked = checkInput(connector.config, resolved, '/config');
    if (checked.value === undefined) {
      findings.push(...checked.issues.map((issue) => ({ ...issue, severity: 'error' as const })));
      return null;
    }
    const signal = AbortSignal.timeout(PROBE_MS_MAX);
    findings.push(...(await connector.check(checked.value, signal)));
    if (connector.role !== 'source' || connector.discover === undefined) return null;
    return discoveryView(await connector.discover(checked.value, signal));
  }
}
