import type { Role } from '@millrace/catalog';
import { type Connector, type ConnectorRegistry, secretFields } from '@millrace/connector-contract';
import { MASK } from '@millrace/kernel';
import { checkInput, errorIssue, type InputIssue, jsonPointer } from '@millrace/pipeline';
import { inputInvalid, MaskedSecret } from '../http/errors.ts';
import { straySecrets } from '../http/stray-secrets.ts';

export interface SplitOptions {
  readonly config: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, string>>;
}

/** @throws MillraceError `input.invalid` (unknown type) */
export function connectorOf(registry: ConnectorRegistry, role: Role, type: string): Connector {
  try {
    return role === 'source' ? registry.source(type) : registry.sink(type);
  } catch (error) {
    throw inputInvalid([errorIssue(error)]);
  }
}

/**
 * Checks options with the connector's schema and parts secrets from the rest. They are kept as given: defaults are the connector's to fill in
 * when it is used.
 * @throws MillraceError `input.invalid`
 */
export function splitOptions(connector: Connector, options: Readonly<Record<string, unknown>>): SplitOptions {
  const issues: InputIssue[] = [...checkInput(connector.config, options, '/config').issues];
  const config: Record<string, unknown> = { ...options };
  const secrets: Record<string, string> = {};
  for (const field of secretFields(connector.config)) {
    const value = options[field];
    if (typeof value !== 'string') continue;
    if (value === MASK) {
      const mend = 'Give the secret itself, or a reference such as ${env:NAME}.';
      issues.push({
        code: MaskedSecret.code,
        message: `"${field}" is the mask, not a secret`,
        mend,
        pointer: jsonPointer(['config', field]),
      });
    }
    delete config[field];
    secrets[field] = value;
  }
  issues.push(...straySecrets(config, ['config']));
  if (issues.length > 0) throw inputInvalid(issues);
  return { config, secrets };
}
