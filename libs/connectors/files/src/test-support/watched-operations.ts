import { createRequire, syncBuiltinESMExports } from 'node:module';

/** Calls `before` ahead of each file operation of the sink or source, in this process. Load it after this call. */
export function watchOperations(before: () => void | Promise<void>): void {
  const promises = createRequire(import.meta.url)('node:fs/promises') as Record<
    string,
    (...args: unknown[]) => Promise<unknown>
  >;
  for (const name of ['mkdir', 'rename', 'rm', 'writeFile', 'access', 'stat']) {
    const original = promises[name]!;
    promises[name] = async (...args) => {
      await before();
      return original(...args);
    };
  }
  // A late listing is not one taken before, so both sides of it count.
  const readdir = promises.readdir!;
  promises.readdir = async (...args) => {
    await before();
    const names = await readdir(...args);
    await before();
    return names;
  };
  const open = promises.open!;
  promises.open = async (...args) => {
    await before();
    const handle = (await open(...args)) as Record<string, (...args: unknown[]) => Promise<unknown>>;
    for (const name of ['appendFile', 'sync', 'read']) {
      const original = handle[name]!.bind(handle);
      handle[name] = async (...more) => {
        await before();
        return original(...more);
      };
    }
    return handle;
  };
  syncBuiltinESMExports();
}
