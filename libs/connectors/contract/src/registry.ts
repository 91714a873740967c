import { errorCode, MillraceError } from '@millrace/kernel';
import type { Connector, SinkConnector, SourceConnector } from './connector.ts';

export const UnknownConnector = errorCode('connector.unknown_type', {
  domain: 'user',
  retry: 'never',
  title: 'Unknown connector type',
});

export const DuplicateConnector = errorCode('connector.duplicate_type', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Two connectors of one type',
});

/** The connectors a process knows; made once from a list, never changed. */
export class ConnectorRegistry {
  readonly #connectors: ReadonlyMap<string, Connector>;

  private constructor(connectors: ReadonlyMap<string, Connector>) {
    this.#connectors = connectors;
  }

  /** @throws MillraceError `connector.duplicate_type` when a role has two connectors of one type. */
  static of(connectors: readonly Connector[]): ConnectorRegistry {
    const byKey = new Map<string, Connector>();
    for (const connector of connectors) {
      const key = `${connector.role}:${connector.type}`;
      if (byKey.has(key)) {
        throw new MillraceError(DuplicateConnector, {
          message: `there are two ${connector.role} connectors of type "${connector.type}"`,
          mend: 'Give one of them another type, or leave its module out of MILLRACE_CONNECTORS.',
        });
      }
      byKey.set(key, connector);
    }
    return new ConnectorRegistry(byKey);
  }

  all(): readonly Connector[] {
    return [...this.#connectors.values()];
  }

  /** @throws MillraceError `connector.unknown_type` */
  source(type: string): SourceConnector {
    return this.#get('source', type) as SourceConnector;
  }

  /** @throws MillraceError `connector.unknown_type` */
  sink(type: string): SinkConnector {
    return this.#get('sink', type) as SinkConnector;
  }

  #get(role: 'source' | 'sink', type: string): Connector {
    const found = this.#connectors.get(`${role}:${type}`);
    if (found !== undefined) return found;
    const known = this.all()
      .filter((connector) => connector.role === role)
      .map((connector) => connector.type);
    throw new MillraceError(UnknownConnector, {
      message: `there is no ${role} connector of type "${type}"`,
      mend: `Use one of: ${known.join(', ')}.`,
      pointer: '/type',
    });
  }
}
