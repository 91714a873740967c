import { errorCode } from '@millrace/kernel';

export const Unreachable = errorCode('opensearch.unreachable', {
  domain: 'external',
  retry: 'later',
  title: 'The cluster does not answer',
});
export const LoginRefused = errorCode('opensearch.login_refused', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The cluster refuses the login',
});
export const NotAllowed = errorCode('opensearch.not_allowed', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The cluster does not allow it',
});
export const CertificateRefused = errorCode('opensearch.certificate_refused', {
  domain: 'external',
  retry: 'after-repair',
  title: 'The certificate of the cluster does not hold',
});
export const Overloaded = errorCode('opensearch.overloaded', {
  domain: 'external',
  retry: 'later',
  title: 'The cluster takes nothing at the moment',
});
export const ServerRefused = errorCode('opensearch.server_refused', {
  domain: 'external',
  retry: 'later',
  title: 'The cluster refuses a request',
});
export const RecordRefused = errorCode('opensearch.record_refused', {
  domain: 'external',
  retry: 'after-repair',
  title: 'The cluster refuses a document',
  ofRecord: true,
});
export const RowUnfit = errorCode('opensearch.row_unfit', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A change makes no document',
  ofRecord: true,
});
export const IndexMissing = errorCode('opensearch.index_missing', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The index does not exist',
});
export const Fenced = errorCode('opensearch.fenced', {
  domain: 'internal',
  retry: 'later',
  title: 'A newer execution writes these documents',
});
export const DocumentNewer = errorCode('opensearch.document_newer', {
  domain: 'external',
  retry: 'later',
  title: 'Somebody else has written a document',
});
