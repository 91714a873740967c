export { opensearchSink } from './sink/opensearch-sink.ts';
