import { describe, expect, it } from '@jest/globals';
import { PacketIds } from './packet-ids.ts';

const NOTHING = { puback: [], pubrec: [], pubcomp: [] };

describe('packet ids of a session', () => {
  it('are answered step by step, each with the snapshot that allows it', () => {
    const ids = new PacketIds();
    ids.handOn(1, 2);
    ids.handOn(2, 1);
    expect(ids.save(1)).toEqual([1]);
    ids.handOn(3, 2);
    expect(ids.commit(1)).toEqual({ puback: [2], pubrec: [1], pubcomp: [] });
    // Until the broker says that it will not send it again, it may.
    expect(ids.save(2)).toEqual([1, 3]);
    ids.release(1);
    expect(ids.commit(2)).toEqual({ ...NOTHING, pubrec: [3] });
    expect(ids.save(3)).toEqual([3]);
    expect(ids.commit(3)).toEqual({ ...NOTHING, pubcomp: [1] });
    expect(ids.size).toBe(1);
  });

  it('of a restored snapshot are known when they come again, and answered after a commit of this execution', () => {
    const ids = new PacketIds();
    ids.restore([1, 2, 3]);
    expect(ids.isKnown(1, true)).toBe(true);
    expect(ids.isKnown(4, true)).toBe(false);
    // PUBREC had come to the broker.
    ids.release(2);
    expect(ids.save(5)).toEqual([1, 3]);
    // What the broker has not sent again it does not wait for.
    expect(ids.commit(5)).toEqual({ ...NOTHING, pubrec: [1], pubcomp: [2] });
  });

  it('are of a new message when the broker says that it sends it the first time', () => {
    const ids = new PacketIds();
    ids.restore([1]);
    expect(ids.isKnown(1, false)).toBe(false);
  });
});
