export { httpSink } from './sink/http-sink.ts';
