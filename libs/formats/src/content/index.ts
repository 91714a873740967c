export { containerBlock, containerHeader, syncMarker } from './avro/container.ts';
export { type ContentStage, contentFormat, refusesEvents } from './content-format.ts';
export { type Compression, Compressor } from './lines/compressor.ts';
export type { ContentFormat, ObjectContent } from './object-content.ts';
export { daysOf, NotRepresentable, timestampUsOf } from './parquet/parquet-value.ts';
export { Turns } from './turns.ts';
