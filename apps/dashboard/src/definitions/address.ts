const text = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;

/** Where a system is, in short, whatever kind of system it is. */
export function addressOf(config: Readonly<Record<string, unknown>>): string {
  const host = text(config['host']);
  if (host !== undefined) {
    const port = text(config['port']);
    const database = text(config['database']);
    return `${host}${port === undefined ? '' : `:${port}`}${database === undefined ? '' : `/${database}`}`;
  }
  for (const name of ['brokers', 'endpoint', 'bucket', 'directory', 'path', 'url']) {
    const value = config[name];
    if (Array.isArray(value)) return value.join(', ');
    if (text(value) !== undefined) return text(value)!;
  }
  return '—';
}
