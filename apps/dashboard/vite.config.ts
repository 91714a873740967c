import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Built into `dist`; the api serves it at `/ui`. `npx vite apps/dashboard` beside a running api is for working on it. */
export default defineConfig({
  root: at('.'),
  base: '/ui/',
  resolve: { alias: { '@millrace/sdk/client': at('../../libs/sdk/src/client/index.ts') } },
  build: {
    outDir: at('dist'),
    emptyOutDir: true,
    manifest: true,
    // The policy of the page allows no `data:` scripts or styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      // "use client" means nothing here.
      onLog: (level, log, report) => (log.code === 'MODULE_LEVEL_DIRECTIVE' ? undefined : report(level, log)),
    },
  },
  server: { proxy: { '/api': process.env['MILLRACE_API'] ?? 'http://127.0.0.1:8080' } },
});
