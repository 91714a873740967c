/** The parts of JSON Schema that options of connectors are made of. */
export interface OptionSchema {
  readonly type?: 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object';
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, OptionSchema>>;
  readonly required?: readonly string[];
  readonly 'x-millrace-secret'?: boolean;
}

export type Options = Readonly<Record<string, unknown>>;

/** Without what was left empty: the defaults are the connector's. */
export function given(options: Options): Options {
  return Object.fromEntries(
    Object.entries(options).flatMap(([name, value]) => {
      if (value === '' || value === undefined || (Array.isArray(value) && value.length === 0)) return [];
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
        const inner = given(value as Options);
        return Object.keys(inner).length === 0 ? [] : [[name, inner]];
      }
      return [[name, value]];
    }),
  );
}

const MASK = '********';

/** A secret that is stored, as the API shows it. */
export const isMasked = (value: unknown): boolean => value === MASK;

/** The same with secrets masked, for showing. A reference to a secret is no secret. */
export function masked(options: Options, schema: OptionSchema): Options {
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => {
      const isSecret = schema.properties?.[name]?.['x-millrace-secret'] === true;
      return [name, isSecret && typeof value === 'string' && !value.startsWith('${') ? MASK : value];
    }),
  );
}

/** Options that a database URL says: `postgres://user:password@host:5432/shop?sslmode=require`. */
export function optionsOfUrl(text: string): Options | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (!/^(postgres(ql)?|mysql|mariadb):$/.test(url.protocol)) return undefined;
  const ssl = url.searchParams.get('sslmode');
  return given({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? undefined : Number(url.port),
    database: decodeURIComponent(url.pathname.slice(1)),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    ssl: ssl ?? undefined,
  });
}
