export { s3Sink } from './sink/s3-sink.ts';
export { s3Source } from './source/s3-source.ts';
