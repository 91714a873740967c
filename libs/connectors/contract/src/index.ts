export {
  type Connector,
  type Finding,
  type JobIdentity,
  type Resolved,
  type SinkConnector,
  type SourceConnector,
  type SourceShape,
  defineSink,
  defineSource,
} from './connector.ts';
export { ConnectorRegistry, UnknownConnector } from './registry.ts';
export { SECRET_MARK, secretField, secretFields } from './secret-field.ts';
