import { describe, expect, it } from '@jest/globals';
import { parseLsn } from '@millrace/formats';
import { decodeState, encodeState } from './source-state.ts';

describe('the source’s state', () => {
  it('comes back as it was saved', () => {
    const state = {
      resumeLsn: parseLsn('FFFFFFFF/FFFFFFFF'),
      load: { version: 1 as const, tables: [{ id: 'a.ö', streaming: true }] },
    };
    expect(decodeState(encodeState(state))).toEqual(state);
    expect(decodeState(encodeState({ ...state, load: undefined }))).toEqual({ ...state, load: undefined });
  });

  it('keeps its form: older snapshots must stay readable', () => {
    const entry = encodeState({ resumeLsn: parseLsn('16/B374D848'), load: undefined });
    expect([entry.partition, entry.key, Buffer.from(entry.value).toString()]).toEqual([
      -1,
      'source',
      '{"version":1,"resumeLsn":"16/B374D848"}',
    ]);
  });

  it.each(['{"version":2,"resumeLsn":"0/1"}', '{"version":1}', '{}'])('refuses %s', (json) => {
    const entry = { partition: -1, key: 'source', value: Buffer.from(json) };
    expect(() => decodeState(entry)).toThrow(
      expect.objectContaining({ code: expect.objectContaining({ code: 'postgres.state_unreadable' }) }),
    );
  });
});
