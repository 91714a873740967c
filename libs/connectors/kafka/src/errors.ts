import { errorCode } from '@millrace/kernel';

export const Unreachable = errorCode('kafka.unreachable', {
  domain: 'external',
  retry: 'later',
  title: 'No broker can be reached',
});
export const LoginRefused = errorCode('kafka.login_refused', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The brokers refuse the login',
});
export const CertificateRefused = errorCode('kafka.certificate_refused', {
  domain: 'user',
  retry: 'after-repair',
  title: 'TLS with the brokers fails',
});
export const NotAvailable = errorCode('kafka.not_available', {
  domain: 'external',
  retry: 'later',
  title: 'A partition or coordinator is not available',
});
export const TooOld = errorCode('kafka.brokers_too_old', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The brokers are too old',
});
export const TopicMissing = errorCode('kafka.topic_missing', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The topic does not exist',
});
export const TopicRefused = errorCode('kafka.topic_refused', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The topic cannot be made',
});
export const NotAllowed = errorCode('kafka.not_allowed', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The brokers do not allow it',
});
export const RecordTooLarge = errorCode('kafka.record_too_large', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A record is larger than its topic takes',
  ofRecord: true,
});
export const LimitLowered = errorCode('kafka.topic_limit_lowered', {
  domain: 'external',
  retry: 'later',
  title: 'A topic takes smaller records than before',
});
export const RecordRefused = errorCode('kafka.record_refused', {
  domain: 'external',
  retry: 'after-repair',
  title: 'The brokers refuse records',
});
/** Repeated: a newer execution has begun, so this one is over anyway; or the answer to a request for a new id was lost, and the next execution has others. */
export const Fenced = errorCode('kafka.fenced', {
  domain: 'internal',
  retry: 'later',
  title: 'Another execution writes these topics',
});
export const TransactionLost = errorCode('kafka.transaction_lost', {
  domain: 'external',
  retry: 'after-repair',
  title: 'A transaction was aborted before its commit',
});
export const NotLinear = errorCode('kafka.not_linear', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Continuous commits need the changes of one source, in order',
});
export const ProgressLost = errorCode('kafka.progress_lost', {
  domain: 'external',
  retry: 'after-repair',
  title: 'The topic of the written position was set back',
});
export const TimeoutTooLong = errorCode('kafka.transaction_timeout_too_long', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The brokers allow no transaction that long',
});
export const TransactionHangs = errorCode('kafka.transaction_hangs', {
  domain: 'external',
  retry: 'after-repair',
  title: 'A committed transaction holds back readers',
});
export const RowRefused = errorCode('kafka.row_refused', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A message is no row of the declared columns',
});
export const PositionLost = errorCode('kafka.position_lost', {
  domain: 'external',
  retry: 'after-repair',
  title: 'The messages that come next are gone',
});
export const RegistryMissing = errorCode('kafka.registry_missing', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The format needs a schema registry',
});
export const RegistryUnreachable = errorCode('kafka.registry_unreachable', {
  domain: 'external',
  retry: 'later',
  title: 'The schema registry does not answer',
});
export const RegistryRefused = errorCode('kafka.registry_refused', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The schema registry refuses a request',
});
export const SchemaIncompatible = errorCode('kafka.schema_incompatible', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A schema is not compatible with earlier ones',
});
export const SchemaUnknown = errorCode('kafka.schema_unknown', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A schema is not registered',
});
export const PlainNeedsColumn = errorCode('kafka.plain_needs_column', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A plain message needs one column for its key and one for its value',
});
export const TopicOfRow = errorCode('kafka.topic_of_row', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A row does not name its topic',
  ofRecord: true,
});
export const PlainValueMissing = errorCode('kafka.plain_value_missing', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The value of a plain message was not sent',
  ofRecord: true,
});
