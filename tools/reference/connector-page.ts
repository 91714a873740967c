import type { Connector } from '@millrace/connector-contract';
import { code, table } from './markdown.ts';
import { optionsTable } from './options-table.ts';
import type { Scan } from './scan-codes.ts';

const MEANING: Readonly<Record<string, string>> = {
  initialLoad: 'delivers the rows that are there first',
  follows: 'goes on with what comes',
  changes: 'delivers updates and deletes, not only rows',
  parallel: 'several instances share the work',
  reload: 'loads tables again while it runs',
  lookup: 'rows can be looked up by `enrich`',
  holds: 'what the target has',
  createsTarget: 'makes tables, topics or folders that are missing',
};

const SAYS: Readonly<Record<string, string>> = { true: 'yes', false: 'no', option: 'as the stage says' };

function capabilities(connector: Connector): string {
  const lookup = connector.role === 'source' ? { lookup: connector.openLookup !== undefined } : {};
  const rows = Object.entries({ ...connector.capabilities, ...lookup }).map(([name, value]) => [
    MEANING[name] ?? name,
    SAYS[String(value)] ?? String(value),
  ]);
  return table(['can', ''], rows);
}

function guarantees(connector: Connector): string {
  const rows = connector.guarantees.map((guarantee) => {
    const mode = Object.entries(guarantee.mode).map(([name, value]) => code(`${name}: ${value}`));
    const visible =
      'visible' in guarantee
        ? { 'at-once': 'as they are written', 'at-snapshot': 'when the snapshot is committed' }[guarantee.visible]
        : '';
    return [mode.join(', ') || 'any', guarantee.level, visible, guarantee.how, guarantee.needs.join(' ')];
  });
  return table(['mode', 'most that holds', 'readers see rows', 'how', 'needs'], rows);
}

/** The page of one type, as a source, a sink, or both. */
export function connectorPage(connectors: readonly Connector[], scan: Scan, links: readonly string[]): string {
  const { type } = connectors[0]!;
  const isOwn = ({ code: text }: { readonly code: string }): boolean => text.startsWith(`${type}.`);
  const errors = new Set(scan.codes.map((entry) => entry.code));
  const roles = connectors.flatMap((connector) => [
    `## As a ${connector.role}`,
    connector.summary,
    capabilities(connector),
    guarantees(connector),
    `### Options of a stage`,
    optionsTable(connector.stage),
  ]);
  const found = scan.findings
    .filter(isOwn)
    .map((entry) => [
      code(entry.code),
      entry.severity,
      entry.message === '…' && errors.has(entry.code) ? 'as the error below' : entry.message,
      entry.mend,
    ]);
  const failures = scan.codes
    .filter(isOwn)
    .map((entry) => [code(entry.code), entry.title, entry.domain, entry.retry, entry.mends.join(' Or: ')]);
  return `${[
    `# \`${type}\``,
    '<!-- Made from schemas and sources: npm run reference -- --write -->',
    links.join(' · '),
    '## Options of the connection',
    'Of a registered source or sink. A secret is encrypted at rest and never shown; it may be a reference `${env:NAME}` or `${file:/path}`.',
    optionsTable(connectors[0]!.config),
    ...roles,
    '## What a check finds',
    'Before a job runs, and by `POST /sources/{id}/check`, `POST /sinks/{id}/check`. `…` is filled in.',
    table(['code', 'severity', 'says', 'mend'], found),
    '## Errors',
    table(['code', 'what', 'whose fault', 'trying again', 'mend'], failures),
  ]
    .filter((part) => part !== '')
    .join('\n\n')}\n`;
}
