export { s3Sink } from './connector.ts';
