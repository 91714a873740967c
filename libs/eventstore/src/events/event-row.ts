import type { StoredEvent } from './event.ts';
import type { EventTypes } from './event-types.ts';

/** What `EVENT_COLUMNS` selects. Drivers differ in how they give bigint: `Number` takes each of them. */
export interface EventRow {
  readonly position: string | number;
  readonly stream_id: string;
  readonly version: string | number;
  readonly event_id: string;
  readonly type: string;
  readonly schema_version: number;
  readonly data: unknown;
  readonly metadata: unknown;
  readonly recorded_ms: number | string;
}

export const EVENT_COLUMNS = `e.position, e.stream_id, e.version, e.event_id, e.type, e.schema_version, e.data, e.metadata,
  date_part('epoch', e.recorded_at) * 1000 AS recorded_ms`;

/** An event of a row, its data brought to the newest version. Without types, as stored. */
export function storedEvent(row: EventRow, types: EventTypes | undefined): StoredEvent {
  return {
    id: row.event_id,
    streamId: row.stream_id,
    version: Number(row.version),
    position: Number(row.position),
    type: row.type,
    data: types === undefined ? row.data : types.upcast(row.type, row.schema_version, row.data),
    metadata: row.metadata as StoredEvent['metadata'],
    recordedAt: new Date(Number(row.recorded_ms)),
  };
}
