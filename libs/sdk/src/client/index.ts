export { type ServerSentEvent, serverSentEvents } from '../stream/server-sent-events.ts';
export { ApiProblem } from './api-problem.ts';
export type * from './api-types.ts';
export { type Api, type ClientOptions, createClient } from './create-client.ts';
export type { RetryOptions } from './retrying-fetch.ts';
