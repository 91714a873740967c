/** The parts of the source that read the log, for those who are no pipeline: the event store. */
export type { ConnectionOptions } from './config.ts';
export { ConnectionLost, PositionLost } from './errors.ts';
export { PgSnapshot } from './initial-load/pg-snapshot.ts';
export { openSession } from './session.ts';
export { createSlot, dropSlot, verifySlot } from './slot/slot.ts';
export { ChangeStream } from './stream/change-stream.ts';
export { EventWriter } from './stream/event-writer.ts';
export { readTableCatalog } from './types/table-catalog.ts';
