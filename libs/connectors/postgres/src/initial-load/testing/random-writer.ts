import type { SeededRandom } from '@millrace/testing';
import type { Client } from 'pg';

/** Tables that `RandomWriter` writes, each with another kind of key, and the columns of that key. */
export const WRITTEN_TABLES = {
  'public.numbers': ['id'],
  'public.pairs': ['a', 'b'],
  'public.floats': ['id'],
  'public.notes': [],
} as const;

const KEYS = 4_000;

export const createWrittenTables = `
  CREATE TABLE numbers (id bigint PRIMARY KEY, v int, big text);
  CREATE TABLE pairs (a int, b text COLLATE "C", v int, big text, PRIMARY KEY (a, b));
  CREATE TABLE floats (id float8 PRIMARY KEY, v int, big text);
  CREATE TABLE notes (v int, big text);
  ALTER TABLE numbers ALTER big SET STORAGE EXTERNAL;
  ALTER TABLE pairs ALTER big SET STORAGE EXTERNAL;
  ALTER TABLE floats ALTER big SET STORAGE EXTERNAL;
  INSERT INTO numbers SELECT i, 0, repeat('n', CASE WHEN i % 10 = 0 THEN 3000 ELSE 3 END) FROM generate_series(0, ${KEYS - 1}, 2) i;
  INSERT INTO pairs SELECT i / 40, 'ü' || (i % 40), 0, repeat('p', CASE WHEN i % 10 = 0 THEN 3000 ELSE 3 END) FROM generate_series(0, ${KEYS - 1}, 2) i;
  INSERT INTO floats SELECT i, 0, repeat('f', 3) FROM generate_series(0, ${KEYS - 1}, 8) i;
  INSERT INTO notes SELECT i, 'note' FROM generate_series(1, 500) i`;

/** Inserts, updates, deletes and key changes of random rows, in transactions that are sometimes rolled back. */
export class RandomWriter {
  readonly #client: Client;
  readonly #random: SeededRandom;
  #writes = 0;

  constructor(client: Client, random: SeededRandom) {
    this.#client = client;
    this.#random = random;
  }

  async write(transactions: number): Promise<void> {
    for (let done = 0; done < transactions; done++) {
      try {
        await this.#client.query('BEGIN');
        for (let changes = 1 + this.#below(6); changes > 0; changes--) await this.#change();
        await this.#client.query(this.#below(10) === 0 ? 'ROLLBACK' : 'COMMIT');
      } catch (error) {
        // Two writers met: a deadlock, or a key that the other has taken.
        if (!/^(40P01|23505)$/.test((error as { code?: string }).code ?? '')) throw error;
        await this.#client.query('ROLLBACK');
      }
    }
  }

  async #change(): Promise<void> {
    const v = ++this.#writes;
    if (this.#below(12) === 0) return await this.#run(`INSERT INTO notes VALUES (${v}, 'written')`);
    const key = this.#below(KEYS);
    const to = this.#below(KEYS);
    const [table, condition, values, move] = [
      ['numbers', `id = ${key}`, `${key}`, `id = ${to}`],
      [
        'pairs',
        `a = ${Math.floor(key / 40)} AND b = 'ü${key % 40}'`,
        `${Math.floor(key / 40)}, 'ü${key % 40}'`,
        `a = ${Math.floor(to / 40)}, b = 'ü${to % 40}'`,
      ],
      ['floats', `id = ${key}`, `${key}`, `id = ${to}`],
    ][this.#below(3)]!;
    switch (this.#below(8)) {
      case 0:
      case 1:
        return await this.#run(`UPDATE ${table} SET v = ${v} WHERE ${condition}`);
      case 2:
        return await this.#run(
          `UPDATE ${table} SET v = ${v}, big = repeat('w', ${this.#below(4) * 1_000 + 1}) WHERE ${condition}`,
        );
      case 3:
        return await this.#run(`DELETE FROM ${table} WHERE ${condition}`);
      case 4:
        return await this.#run(`UPDATE ${table} SET ${move} WHERE ${condition}`);
      default:
        return await this.#run(
          `INSERT INTO ${table} VALUES (${values}, ${v}, repeat('i', ${this.#below(4) * 1_000 + 1})) ON CONFLICT DO NOTHING`,
        );
    }
  }

  #below(count: number): number {
    return this.#random.integer(0, count - 1);
  }

  async #run(sql: string): Promise<void> {
    await this.#client.query(sql);
  }
}
