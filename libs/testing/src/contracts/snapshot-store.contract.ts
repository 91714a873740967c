import { describe, expect, it } from '@jest/globals';
import {
  CHUNK_BYTES,
  chunkCount,
  SNAPSHOTS_RETAINED,
  type SnapshotRecord,
  type SnapshotStore,
  stateHash,
} from '@millrace/cluster';
import { ulids } from '@millrace/kernel';

/** A store under test, and what the suite must be able to see and do behind its back. */
export interface SnapshotStoreDriver extends AsyncDisposable {
  readonly store: SnapshotStore;
  /** Pieces of state kept for a job, whoever wrote them. */
  countChunks(jobId: string): Promise<number>;
  /** Loses one piece of this snapshot's state. */
  damage(jobId: string, record: SnapshotRecord): Promise<void>;
}

/** State of `bytes` bytes that compresses badly and differs by seed. */
export function stateOf(bytes: number, seed = 1): Buffer {
  const state = Buffer.alloc(bytes);
  let x = seed;
  for (let i = 0; i < bytes; i++) {
    x = (x * 1_103_515_245 + 12_345) & 0x7fff_ffff;
    state[i] = x >> 16;
  }
  return state;
}

export const recordOf = (snapshotId: number, generation: number, state: Uint8Array): SnapshotRecord => ({
  snapshotId,
  generation,
  takenAtMs: 1_700_000_000_000 + snapshotId,
  chunks: chunkCount(state.length),
  bytes: state.length,
  hash: stateHash(state),
});

/** Every implementation of `SnapshotStore` runs this suite. */
export function describeSnapshotStoreContract(name: string, open: () => Promise<SnapshotStoreDriver>): void {
  const write = async (store: SnapshotStore, jobId: string, snapshotId: number, generation: number, bytes = 100) => {
    const state = stateOf(bytes, snapshotId);
    const record = recordOf(snapshotId, generation, state);
    await store.write(jobId, record, state);
    return { state, record };
  };

  describe(`${name} keeps the snapshot store contract`, () => {
    it('STORE-1 hands out generations that only grow, also above a floor it did not know', async () => {
      await using driver = await open();
      const { store } = driver;
      const jobId = ulids.next();
      expect(await store.generationOf(jobId)).toBe(0);
      expect(await store.claim(jobId, 0)).toBe(1);
      expect(await store.claim(jobId, 0)).toBe(2);
      expect(await store.claim(jobId, 7)).toBe(8);
      expect(await store.generationOf(jobId)).toBe(8);
      const many = await Promise.all(Array.from({ length: 20 }, () => store.claim(jobId, 0)));
      expect(new Set(many).size).toBe(20);
    });

    it('STORE-2 gives back what was written, whatever its size', async () => {
      await using driver = await open();
      const { store } = driver;
      const jobId = ulids.next();
      const generation = await store.claim(jobId, 0);
      for (const [index, bytes] of [
        1,
        CHUNK_BYTES - 1,
        CHUNK_BYTES,
        CHUNK_BYTES + 1,
        40 * CHUNK_BYTES + 17,
      ].entries()) {
        const { state, record } = await write(store, jobId, index + 1, generation, bytes);
        expect((await store.records(jobId))[0]).toEqual(record);
        expect((await store.read(jobId, record)).equals(state)).toBe(true);
      }
    });

    it('STORE-3 refuses an older generation (INV-3), and what it wrote is never seen', async () => {
      await using driver = await open();
      const { store } = driver;
      const jobId = ulids.next();
      const older = await store.claim(jobId, 0);
      const newer = await store.claim(jobId, 0);
      await expect(write(store, jobId, 1, older)).rejects.toMatchObject({ code: { code: 'cluster.fenced' } });
      expect(await store.records(jobId)).toEqual([]);
      const { record } = await write(store, jobId, 1, newer);
      await expect(write(store, jobId, 2, older)).rejects.toMatchObject({ code: { code: 'cluster.fenced' } });
      expect(await store.records(jobId)).toEqual([record]);
    });

    it('STORE-4 takes the same record again, and refuses another one with an id that does not grow', async () => {
      await using driver = await open();
      const { store } = driver;
      const jobId = ulids.next();
      const generation = await store.claim(jobId, 0);
      const { state, record } = await write(store, jobId, 5, generation);
      await store.write(jobId, record, state);
      expect(await store.records(jobId)).toEqual([record]);
      const other = stateOf(100, 99);
      for (const id of [4, 5]) {
        await expect(store.write(jobId, recordOf(id, generation, other), other)).rejects.toMatchObject({
          code: { code: 'cluster.fenced' },
        });
      }
      expect(await store.records(jobId)).toEqual([record]);
    });

    it('STORE-5 retains the newest snapshots and sweeps the pieces of older ones', async () => {
      await using driver = await open();
      const { store } = driver;
      const jobId = ulids.next();
      const generation = await store.claim(jobId, 0);
      for (let id = 1; id <= 5; id++) {
        await write(store, jobId, id, generation, 3 * CHUNK_BYTES);
        await store.sweep(jobId);
      }
      const records = await store.records(jobId);
      expect(records.map((record) => record.snapshotId)).toEqual([5, 4]);
      expect(records).toHaveLength(SNAPSHOTS_RETAINED);
      expect(await driver.countChunks(jobId)).toBe(SNAPSHOTS_RETAINED * 3);
      for (const record of records) expect(stateHash(await store.read(jobId, record))).toBe(record.hash);
    });

    it('STORE-6 says so when a piece is missing, and never gives half a state', async () => {
      await using driver = await open();
      const { store } = driver;
      const jobId = ulids.next();
      const { record } = await write(store, jobId, 1, await store.claim(jobId, 0), 3 * CHUNK_BYTES);
      await driver.damage(jobId, record);
      await expect(store.read(jobId, record)).rejects.toMatchObject({ code: { code: 'cluster.snapshot_damaged' } });
    });

    it('STORE-7 keeps jobs apart, and forgets a removed one whole, fencing whoever runs it', async () => {
      await using driver = await open();
      const { store } = driver;
      const [jobId, other] = [ulids.next(), ulids.next()];
      const generation = await store.claim(jobId, 0);
      await write(store, jobId, 1, generation, 2 * CHUNK_BYTES);
      const kept = await write(store, other, 1, await store.claim(other, 0));
      await store.remove(jobId);
      expect(await store.records(jobId)).toEqual([]);
      expect(await driver.countChunks(jobId)).toBe(0);
      await expect(write(store, jobId, 2, generation)).rejects.toMatchObject({ code: { code: 'cluster.fenced' } });
      expect(await store.records(other)).toEqual([kept.record]);
    });
  });
}
