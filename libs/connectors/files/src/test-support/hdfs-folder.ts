import { userInfo } from 'node:os';
import { WebHdfs } from '../storage/hdfs/web-hdfs.ts';

interface Listed {
  readonly FileStatuses: { readonly FileStatus: readonly { readonly pathSuffix: string; readonly type: string }[] };
}

/** A directory of a test's own in HDFS, with what a test does there. */
export async function hdfsFolder(url: string, directory: string) {
  const connection = { nameNodes: [url], user: 'tester' };
  // Whoever started the server may do everything.
  const admin = new WebHdfs({ nameNodes: [url], user: userInfo().username });
  const hdfs = new WebHdfs(connection);
  await admin.ask({ method: 'PUT', path: directory, op: 'MKDIRS', more: { permission: '777' } });

  const list = async (path: string) => {
    const { FileStatuses } = await hdfs.ask<Listed>({ method: 'GET', path, op: 'LISTSTATUS' });
    return FileStatuses.FileStatus;
  };
  const visible = async (path: string): Promise<readonly string[]> => {
    const found = (await list(path)).filter(({ pathSuffix }) => !pathSuffix.startsWith('.'));
    const paths = found.map(async ({ pathSuffix, type }) => {
      const below = `${path}/${pathSuffix}`;
      return type === 'DIRECTORY' ? await visible(below) : [below];
    });
    return (await Promise.all(paths)).flat();
  };
  const files = new Set<string>();
  return {
    config: { directory, ...connection },
    visible: () => visible(directory),
    hidden: async () => (await list(`${directory}/.millrace`)).map(({ pathSuffix }) => pathSuffix),
    /** Of all files that can be seen. */
    async lines(): Promise<readonly string[]> {
      const texts = (await visible(directory)).map((path) => hdfs.send({ method: 'GET', path, op: 'OPEN' }));
      return (await Promise.all(texts)).flatMap((text) => text.toString().split('\n').slice(0, -1));
    },
    async append(name: string, text: string): Promise<void> {
      const path = `${directory}/${name}`;
      if (files.has(name)) await hdfs.send({ method: 'POST', path, op: 'APPEND' }, Buffer.from(text));
      else await hdfs.send({ method: 'PUT', path, op: 'CREATE' }, Buffer.from(text));
      files.add(name);
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await admin.ask({ method: 'DELETE', path: directory, op: 'DELETE', more: { recursive: true } });
      admin.close();
      hdfs.close();
    },
  };
}
