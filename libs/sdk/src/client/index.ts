export { ApiProblem } from './api-problem.ts';
export type * from './api-types.ts';
export { type Api, type ClientOptions, createClient } from './create-client.ts';
