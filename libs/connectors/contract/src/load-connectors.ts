import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { errorCode, MillraceError } from '@millrace/kernel';
import { CONTRACT_VERSION, type Connector } from './connector.ts';
import { ConnectorRegistry } from './registry.ts';

/** Environment variable with the modules of connectors that are not part of Millrace, separated by commas. */
export const CONNECTORS_VARIABLE = 'MILLRACE_CONNECTORS';

export const ConnectorModuleMissing = errorCode('connector.module_missing', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A module of connectors can not be loaded',
});

export const NotAConnector = errorCode('connector.not_a_connector', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A module exports no connector',
});

export const ContractMismatch = errorCode('connector.contract_mismatch', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A connector is made for another version of Millrace',
});

/** Members that every connector has, with what they are; those of a role below. */
const MEMBERS: Readonly<Record<string, 'string' | 'object' | 'function'>> = {
  type: 'string',
  summary: 'string',
  config: 'object',
  stage: 'object',
  capabilities: 'object',
  guarantees: 'object',
  check: 'function',
};
const ROLE_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  source: ['describe', 'createSource'],
  sink: ['showsRowsAtOnce', 'checkStage', 'createSink'],
};

/** What a value lacks to be a connector; empty when it is one. */
function missingMembers(value: Readonly<Record<string, unknown>>): readonly string[] {
  const ofRole = ROLE_MEMBERS[String(value['role'])];
  if (ofRole === undefined) return ['role: "source" or "sink"'];
  const wanted = [...Object.entries(MEMBERS), ...ofRole.map((name) => [name, 'function'] as const)];
  return wanted.filter(([name, kind]) => typeof value[name] !== kind).map(([name, kind]) => `${name}: ${kind}`);
}

function connectorOf(value: unknown, module: string): Connector {
  if (typeof value !== 'object' || value === null) {
    throw new MillraceError(NotAConnector, {
      message: `the default export of ${module} is no connector`,
      mend: 'Export what defineSource() or defineSink() makes, or a list of it: export default mySink;',
    });
  }
  const { contractVersion } = value as Partial<Connector>;
  if (typeof contractVersion === 'number' && contractVersion !== CONTRACT_VERSION) {
    throw new MillraceError(ContractMismatch, {
      message: `${module} is made for version ${contractVersion} of the connector contract, this is version ${CONTRACT_VERSION}`,
      mend: 'Install the version of the connector that goes with this version of Millrace.',
    });
  }
  const missing = missingMembers(value as Readonly<Record<string, unknown>>);
  if (missing.length > 0 || contractVersion === undefined) {
    const lacks = missing.length > 0 ? missing.join(', ') : 'contractVersion';
    throw new MillraceError(NotAConnector, {
      message: `the default export of ${module} is no connector: it lacks ${lacks}`,
      mend: 'Make it with defineSource() or defineSink() of @millrace/connector-contract.',
    });
  }
  return value as Connector;
}

async function load(module: string, folder: string): Promise<readonly Connector[]> {
  const isPath = /^\.{0,2}\//.test(module);
  const loaded = (await import(isPath ? pathToFileURL(resolve(folder, module)).href : module).catch(
    (error: unknown) => {
      throw new MillraceError(
        ConnectorModuleMissing,
        {
          message: `can't load ${module}: ${error instanceof Error ? error.message : String(error)}`,
          mend: `${CONNECTORS_VARIABLE} names packages that are installed beside Millrace, or files by a path that starts with / or ./`,
        },
        { cause: error },
      );
    },
  )) as { readonly default?: unknown };
  const exported = loaded.default;
  return (Array.isArray(exported) ? exported : [exported]).map((value) => connectorOf(value, module));
}

/**
 * The connectors of Millrace and those of modules outside: packages, or files by a path (relative to `folder`). The default export of a module is
 * a connector or a list of connectors.
 * @param modules separated by commas, as `MILLRACE_CONNECTORS` has them
 * @throws MillraceError `connector.module_missing`, `connector.not_a_connector`, `connector.contract_mismatch`, `connector.duplicate_type`
 */
export async function loadConnectors(
  builtIn: readonly Connector[],
  modules = '',
  folder = process.cwd(),
): Promise<ConnectorRegistry> {
  const names = modules
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const outside: Connector[] = [];
  for (const name of names) outside.push(...(await load(name, folder)));
  return ConnectorRegistry.of([...builtIn, ...outside]);
}
