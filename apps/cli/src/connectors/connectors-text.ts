/** A connector as `GET /api/v1/connectors` shows it. */
export interface ConnectorView {
  readonly type: string;
  readonly role: 'source' | 'sink';
  readonly summary: string;
  readonly capabilities: Readonly<Record<string, string | boolean>>;
  readonly guarantees: readonly {
    readonly mode: Readonly<Record<string, string | number | boolean>>;
    readonly level: string;
    readonly visible?: string;
    readonly how: string;
    readonly needs: readonly string[];
  }[];
  readonly config: OptionsSchema;
  readonly stage: OptionsSchema;
}

interface OptionsSchema {
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, { readonly description?: string; readonly default?: unknown }>>;
}

const pad = (text: string, width: number): string => text.padEnd(width);
const widest = (texts: readonly string[]): number => Math.max(0, ...texts.map((text) => text.length));

/** One line each. */
export function connectorsText(connectors: readonly ConnectorView[]): string {
  const width = widest(connectors.map(({ type }) => type));
  return connectors.map(({ role, type, summary }) => `${pad(role, 6)}  ${pad(type, width)}  ${summary}`).join('\n');
}

function optionsText({ properties = {}, required = [] }: OptionsSchema): string[] {
  const width = widest(Object.keys(properties));
  return Object.entries(properties).map(([name, { description = '', default: byDefault }]) => {
    const isRequired = required.includes(name) && byDefault === undefined ? ' Required.' : '';
    const shownDefault = byDefault === undefined ? '' : ` Default: ${JSON.stringify(byDefault)}.`;
    return `  ${pad(name, width)}  ${description}${isRequired}${shownDefault}`;
  });
}

/** What a connector can do, holds and wants to know. */
export function connectorText({ type, role, summary, capabilities, guarantees, config, stage }: ConnectorView): string {
  const guaranteeText = ({ mode, level, visible, how, needs }: ConnectorView['guarantees'][number]): string[] => {
    const when = Object.entries(mode).map(([name, value]) => `${name}: ${value}`);
    const head = [...when, level, ...(visible === undefined ? [] : [`visible ${visible}`])].join(', ');
    return [`  ${head}`, `    ${how}`, ...needs.map((need) => `    needs: ${need}`)];
  };
  return [
    `${role} ${type}: ${summary}`,
    '',
    'Can',
    ...Object.entries(capabilities).map(([name, value]) => `  ${name}: ${value}`),
    '',
    'Holds',
    ...guarantees.flatMap(guaranteeText),
    '',
    `Options of the ${role}`,
    ...optionsText(config),
    '',
    'Options of a stage',
    ...optionsText(stage),
  ].join('\n');
}
