import { DatabaseSync } from 'node:sqlite';

/**
 * A commit is on disk when it returns. A file that is new gets a write-ahead log, so that readers and the sink don't wait for each
 * other; others stay as they are.
 */
export function openFile(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: true, timeout: 0 });
  try {
    database.exec('pragma synchronous = full');
    const { page_count: pages } = database.prepare('pragma page_count').get() as { page_count: number };
    if (pages === 0) database.exec('pragma journal_mode = wal');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
