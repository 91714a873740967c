/** One step of the schema: SQL with `SCHEMA` where the quoted name of the schema goes, and `PUBLICATION` for the publication's. */
export interface Migration {
  readonly id: number;
  readonly name: string;
  readonly sql: string;
}

/**
 * Events, and the function that appends them. The function locks the stream (an advisory lock, until the transaction ends), so versions
 * of a stream are committed in their order.
 *
 * `json`, not `jsonb`: an event is kept as it was written, digit by digit.
 */
const EVENTS = `
CREATE TABLE SCHEMA.events (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  stream_id text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  category text COLLATE "C" NOT NULL,
  event_id text COLLATE "C" NOT NULL,
  type text COLLATE "C" NOT NULL,
  schema_version int NOT NULL,
  data json NOT NULL,
  metadata json NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
  CONSTRAINT events_version_key UNIQUE (stream_id, version),
  CONSTRAINT events_id_key UNIQUE (event_id)
);
CREATE INDEX events_category ON SCHEMA.events (category, position);

CREATE FUNCTION SCHEMA.append_events(
  in_stream text, in_category text, in_expected bigint, in_events json,
  OUT outcome text, OUT current_version bigint, OUT last_position bigint
) LANGUAGE plpgsql AS $append$
DECLARE
  wanted int := json_array_length(in_events);
  inserted int;
  found_first bigint;
  found_last bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(1836215905, hashtext(in_stream));
  SELECT e.version INTO current_version FROM SCHEMA.events e WHERE e.stream_id = in_stream ORDER BY e.version DESC LIMIT 1;
  current_version := coalesce(current_version, 0);
  IF in_expected = current_version OR in_expected = -1 OR (in_expected = -2 AND current_version > 0) THEN
    INSERT INTO SCHEMA.events (stream_id, version, category, event_id, type, schema_version, data, metadata)
    SELECT in_stream, current_version + e.ordinal, in_category, e.id, e.type, e.v, coalesce(e.data, 'null'), e.metadata
    FROM ROWS FROM (json_to_recordset(in_events) AS (id text, type text, v int, data json, metadata json))
      WITH ORDINALITY AS e (id, type, v, data, metadata, ordinal)
    ON CONFLICT (event_id) DO NOTHING;
    GET DIAGNOSTICS inserted = ROW_COUNT;
    IF inserted = wanted THEN
      outcome := 'appended';
      last_position := currval('SCHEMA.events_position_seq');
      current_version := current_version + inserted;
      RETURN;
    ELSIF inserted > 0 THEN
      RAISE EXCEPTION 'some of these events are in the store already' USING ERRCODE = 'MR001';
    END IF;
  END IF;
  SELECT count(*), min(e.version), max(e.version), max(e.position) INTO inserted, found_first, found_last, last_position
  FROM SCHEMA.events e
  WHERE e.event_id IN (SELECT r.id FROM json_to_recordset(in_events) AS r (id text)) AND e.stream_id = in_stream;
  IF inserted = wanted AND found_last - found_first + 1 = wanted THEN
    outcome := 'repeated';
    current_version := found_last;
  ELSIF inserted > 0 OR EXISTS (
    SELECT FROM SCHEMA.events e WHERE e.event_id IN (SELECT r.id FROM json_to_recordset(in_events) AS r (id text))
  ) THEN
    outcome := 'id_taken';
  ELSE
    outcome := 'conflict';
  END IF;
END $append$;

CREATE TABLE SCHEMA.snapshots (
  stream_id text COLLATE "C" NOT NULL,
  aggregate text COLLATE "C" NOT NULL,
  aggregate_version int NOT NULL,
  version bigint NOT NULL,
  state json NOT NULL,
  PRIMARY KEY (stream_id, aggregate)
);`;

/**
 * Groups that read the log, and how far each consumer has come. A consumer is in its history (events that \`snapshot\` sees, by position)
 * and then live: all before \`lsn\` is done, and of the transaction that commits there the events below \`lsn_index\`.
 */
const LOG = `
CREATE PUBLICATION PUBLICATION FOR TABLE SCHEMA.events WITH (publish = 'insert');

CREATE TABLE SCHEMA.groups (
  name text COLLATE "C" PRIMARY KEY,
  slot text NOT NULL UNIQUE
);

CREATE TABLE SCHEMA.consumers (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  group_name text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  kind text NOT NULL CHECK (kind IN ('projection', 'subscription', 'inline')),
  version int NOT NULL,
  role text NOT NULL CHECK (role IN ('live', 'building', 'retired')),
  tables text[] NOT NULL DEFAULT '{}',
  snapshot pg_snapshot,
  history_done boolean NOT NULL DEFAULT false,
  history_position bigint NOT NULL DEFAULT 0,
  lsn pg_lsn NOT NULL,
  lsn_index bigint NOT NULL DEFAULT 0,
  rebuild_wanted boolean NOT NULL DEFAULT false,
  stopped jsonb,
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX consumers_one_live ON SCHEMA.consumers (name) WHERE role = 'live';
CREATE UNIQUE INDEX consumers_one_building ON SCHEMA.consumers (name) WHERE role = 'building';

CREATE TABLE SCHEMA.parked (
  consumer_id int NOT NULL REFERENCES SCHEMA.consumers ON DELETE CASCADE,
  position bigint NOT NULL,
  error jsonb NOT NULL,
  parked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (consumer_id, position)
);`;

/** In order; never edited once released, only added to. */
export const MIGRATIONS: readonly Migration[] = [
  { id: 1, name: 'events', sql: EVENTS },
  { id: 2, name: 'log', sql: LOG },
];
