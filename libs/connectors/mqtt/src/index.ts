export { mqttSink } from './sink/mqtt-sink.ts';
export { mqttSource } from './source/mqtt-source.ts';
