export { AddressPolicy, isRange } from './address/address-policy.ts';
export { isCertificateCode } from './address/certificate-code.ts';
export { guardedLookup } from './address/guarded-lookup.ts';
export { listenPlace } from './address/listen-place.ts';
export {
  CONTRACT_VERSION,
  type Connector,
  defineSink,
  defineSource,
  type Finding,
  guaranteeFor,
  type HeldTableOptions,
  type JobIdentity,
  type LookupRequest,
  type Resolved,
  type SinkConnector,
  type SourceConnector,
  type SourceShape,
  type TableLookup,
} from './connector.ts';
export { checkDeclaredKey, declaredTableFields } from './declared-table.ts';
export type { DiscoveredTable, Discovery, ReplicationSlot } from './discovery.ts';
export type { Guarantee, SinkCapabilities, SinkGuarantee, SourceCapabilities } from './guarantee.ts';
export { LeftOut } from './left-out.ts';
export {
  CONNECTORS_VARIABLE,
  ConnectorModuleMissing,
  ContractMismatch,
  loadConnectors,
  NotAConnector,
} from './load-connectors.ts';
export { EventIds, requestId } from './messages/event-ids.ts';
export { MessageChunk, messagesOfChunk } from './messages/message-chunk.ts';
export { MessageBodies, messageFormatFields } from './messages/message-format.ts';
export { MessageReader, type MessagesRead } from './messages/message-reader.ts';
export { nameOf, nameTemplate } from './messages/name-template.ts';
export type { Refusals } from './refusals.ts';
export { ConnectorRegistry, DuplicateConnector, UnknownConnector } from './registry.ts';
export { type ReloadRequest, type ReloadState, reloadGauge, reloadStates } from './reload.ts';
export { checkDeletesAreTold, rowFileFields } from './row-file-fields.ts';
export { SECRET_MARK, secretField, secretFields } from './secret-field.ts';
export { bytesText, textBytes, UnreadEvents } from './unread.ts';
export { UnreadRows } from './unread-rows.ts';
