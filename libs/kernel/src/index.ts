export { AssertionError, assert } from './assert.ts';
export { type Clock, systemClock } from './clock.ts';
export {
  type ErrorCode,
  type ErrorDomain,
  type ErrorInfo,
  type ErrorRecord,
  errorCode,
  fromErrorRecord,
  InternalError,
  isRecordError,
  MillraceError,
  type RetryHint,
  registeredErrorCodes,
  toErrorRecord,
} from './errors.ts';
export { type IdSource, ulids } from './ids.ts';
export { holdsSecret, maskSecrets, maskSecretsDeep } from './mask-secrets.ts';
export { nearNames, suggestNames } from './near-names.ts';
export { parseDurationMs, parseSizeBytes } from './quantities.ts';
export { type Random, systemRandom } from './random.ts';
export { MASK, Secret } from './secret.ts';
