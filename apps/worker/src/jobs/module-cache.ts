import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { moduleHash } from '@millrace/catalog';
import { errorCode, type IdSource, MillraceError } from '@millrace/kernel';

export const ModuleDamaged = errorCode('worker.module_damaged', {
  domain: 'internal',
  retry: 'never',
  title: 'A module is not what its hash says',
});

/** Modules kept; those used last stay. */
const FILES_MAX = 100;

/** Code of jobs written in TypeScript, as files that engine threads import. Named by their hash, so a file never changes. */
export class ModuleCache {
  readonly #folder: string;
  readonly #fetch: (sha256: string) => Promise<string>;
  readonly #ids: IdSource;

  constructor(folder: string, fetch: (sha256: string) => Promise<string>, ids: IdSource) {
    this.#folder = folder;
    this.#fetch = fetch;
    this.#ids = ids;
  }

  /** URL of the module's file, fetched if need be. @throws MillraceError `worker.module_damaged` and what fetching throws */
  async urlOf(sha256: string): Promise<string> {
    const file = join(this.#folder, `${sha256}.mjs`);
    const known = await readFile(file, 'utf8').catch(() => undefined);
    if (known === undefined || moduleHash(known) !== sha256) await this.#store(sha256, file);
    return pathToFileURL(file).href;
  }

  /** Written aside and renamed, so that nobody imports half a file. */
  async #store(sha256: string, file: string): Promise<void> {
    const code = await this.#fetch(sha256);
    const actual = moduleHash(code);
    if (actual !== sha256) {
      throw new MillraceError(ModuleDamaged, {
        message: `the metadata database has other code under the hash ${sha256} (${actual})`,
        mend: 'Submit the job again with millrace submit.',
      });
    }
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const aside = join(this.#folder, `${this.#ids.next()}.part`);
    await writeFile(aside, code, { mode: 0o600 });
    await rename(aside, file);
    await this.#prune();
  }

  async #prune(): Promise<void> {
    const names = (await readdir(this.#folder)).filter((name) => name.endsWith('.mjs'));
    if (names.length <= FILES_MAX) return;
    const files = await Promise.all(
      names.map(async (name) => ({ name, usedMs: (await stat(join(this.#folder, name))).atimeMs })),
    );
    const oldest = files.sort((a, b) => a.usedMs - b.usedMs).slice(0, names.length - FILES_MAX);
    for (const { name } of oldest) await rm(join(this.#folder, name), { force: true });
  }
}
