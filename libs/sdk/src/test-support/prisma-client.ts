import { PrismaPg } from '@prisma/adapter-pg';
import { type GetPrismaClientConfig, getPrismaClient } from '@prisma/client/runtime/client';

/** No models: as many bytes as its reader wants. */
const EMPTY_GRAPH = Buffer.alloc(16).toString('base64');

/** Code without types. */
const COMPILER: string = '@prisma/client/runtime/query_compiler_fast_bg.postgresql';
const { WebAssembly } = globalThis as unknown as { WebAssembly: { Module: new (bytes: Uint8Array) => never } };

/** What `prisma generate` writes for a schema without models. Its program downloads an engine when it is first run, from elsewhere than the registry; what it writes needs none. */
const config: GetPrismaClientConfig = {
  previewFeatures: [],
  clientVersion: '7.10.0',
  engineVersion: '7.10.0',
  activeProvider: 'postgresql',
  inlineSchema: 'datasource db { provider = "postgresql" }',
  runtimeDataModel: { models: {}, enums: {}, types: {} },
  parameterizationSchema: { strings: [], graph: EMPTY_GRAPH },
  compilerWasm: {
    getRuntime: () => import(`${COMPILER}.mjs`),
    async getQueryCompilerWasmModule() {
      const { wasm } = (await import(`${COMPILER}.wasm-base64.mjs`)) as { readonly wasm: string };
      return new WebAssembly.Module(Buffer.from(wasm, 'base64'));
    },
    importName: './query_compiler_fast_bg.js',
  },
};

/** The real client of Prisma, which speaks to PostgreSQL through `pg`. */
export function prismaClient(url: string) {
  const Client = getPrismaClient(config);
  return new Client({ adapter: new PrismaPg({ connectionString: url }) });
}
