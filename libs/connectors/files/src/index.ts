export { filesSink } from './connector.ts';
export { filesSource } from './source/files-source.ts';
