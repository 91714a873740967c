export { socketsSink } from './sink/sockets-sink.ts';
export { socketsSource } from './source/sockets-source.ts';
