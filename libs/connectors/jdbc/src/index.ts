export type { ConnectionOptions, StageOptions } from './config.ts';
export { jdbcSink } from './sink.ts';
