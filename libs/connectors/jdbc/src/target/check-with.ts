import type { Finding } from '@millrace/connector-contract';
import { MillraceError } from '@millrace/kernel';

interface Opened {
  abort(): void;
  close(): Promise<void>;
}

/** Runs `use` with a connection; what connecting or asking says against it becomes a finding. */
export async function checkWith<Connection extends Opened>(
  open: () => Promise<Connection>,
  classify: (error: unknown) => Error,
  signal: AbortSignal,
  use: (connection: Connection) => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  signal.throwIfAborted();
  let connection: Connection | undefined;
  const abort = (): void => connection?.abort();
  try {
    connection = await open();
    signal.throwIfAborted();
    signal.addEventListener('abort', abort, { once: true });
    return await use(connection);
  } catch (error) {
    signal.throwIfAborted();
    const known = classify(error);
    if (!(known instanceof MillraceError)) throw known;
    return [
      { code: known.code.code, severity: 'error', message: known.message, mend: known.mend, pointer: known.pointer },
    ];
  } finally {
    signal.removeEventListener('abort', abort);
    await connection?.close().catch(() => {});
  }
}
