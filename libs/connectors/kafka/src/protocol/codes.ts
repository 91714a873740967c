import { protocolErrorsCodesById } from '@platformatic/kafka';

/** Error codes of the protocol that mean something to us. https://kafka.apache.org/protocol#protocol_error_codes */
export const Code = {
  None: 0,
  OffsetOutOfRange: 1,
  UnknownTopic: 3,
  MessageTooLarge: 10,
  InvalidTopic: 17,
  RecordListTooLarge: 18,
  TopicAuthorizationFailed: 29,
  ClusterAuthorizationFailed: 31,
  TopicExists: 36,
  OutOfOrderSequence: 45,
  DuplicateSequence: 46,
  InvalidProducerEpoch: 47,
  InvalidTransactionState: 48,
  UnknownProducer: 49,
  InvalidTransactionTimeout: 50,
  ConcurrentTransactions: 51,
  TransactionalIdAuthorizationFailed: 53,
  ProducerFenced: 90,
  TransactionalIdNotFound: 105,
} as const;

/**
 * The state of the cluster, not of the request: the same request may succeed soon, perhaps at another broker.
 * 2 corrupt in transit, 5 and 6 leader moves, 7 timed out, 13 network, 14 to 16 coordinator moves, 19 and 20 too few replicas, 51 the last
 * transaction is still being ended, 56 storage, 89 throttled, 100 topic id not known yet.
 */
const TRANSIENT: ReadonlySet<number> = new Set([2, 3, 5, 6, 7, 9, 13, 14, 15, 16, 19, 20, 41, 51, 56, 74, 75, 89, 100]);

export const isTransient = (code: number): boolean => TRANSIENT.has(code);

/** `NOT_LEADER_OR_FOLLOWER (6)`. */
export const codeName = (code: number): string => `${protocolErrorsCodesById[code] ?? 'error'} (${code})`;
