export {
  type Connector,
  defineSink,
  defineSource,
  type Finding,
  type JobIdentity,
  type LookupRequest,
  type Resolved,
  type SinkConnector,
  type SourceConnector,
  type SourceShape,
  type TableLookup,
} from './connector.ts';
export { checkDeclaredKey, declaredTableFields } from './declared-table.ts';
export type { Refusals } from './refusals.ts';
export { ConnectorRegistry, UnknownConnector } from './registry.ts';
export { SECRET_MARK, secretField, secretFields } from './secret-field.ts';
