export type { ConnectionOptions, StageOptions } from './config.ts';
export { jdbcSink } from './sink.ts';
export { jdbcSource } from './source/source.ts';
