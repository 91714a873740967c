export { filesSink } from './connector.ts';
