import { Catalog, type Role } from '@millrace/catalog';
import { ConnectorRegistry, type Finding } from '@millrace/connector-contract';
import { MillraceError } from '@millrace/kernel';
import { checkInput, errorIssue } from '@millrace/pipeline';
import { Injectable } from '@nestjs/common';
import type { CheckView } from './definition.schemas.ts';
import { connectorOf } from './definition-options.ts';
import { repositoryOf } from './repository-of.ts';

const CHECK_MS_MAX = 20_000;

/** Asks the system of a source or sink what it lacks. Changes nothing. */
@Injectable()
export class CheckDefinitionUseCase {
  constructor(
    private readonly catalog: Catalog,
    private readonly registry: ConnectorRegistry,
  ) {}

  async execute(role: Role, idOrName: string): Promise<CheckView> {
    const definition = await repositoryOf(this.catalog, role).get(idOrName);
    const findings = await this.#findings(role, definition);
    return { ok: !findings.some(({ severity }) => severity === 'error'), findings: [...findings] };
  }

  async #findings(role: Role, definition: Awaited<ReturnType<Catalog['sources']['get']>>): Promise<readonly Finding[]> {
    const connector = connectorOf(this.registry, role, definition.type);
    try {
      const resolved = await this.catalog.definitions.resolveDefinition(role, definition);
      const checked = checkInput(connector.config, resolved.config);
      if (checked.value === undefined) return checked.issues.map((issue) => ({ ...issue, severity: 'error' }));
      return await connector.check(checked.value, AbortSignal.timeout(CHECK_MS_MAX));
    } catch (error) {
      // A secret that cannot be resolved is a finding like any other.
      if (!(error instanceof MillraceError)) throw error;
      return [{ ...errorIssue(error), severity: 'error' }];
    }
  }
}
