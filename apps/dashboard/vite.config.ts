import { defineConfig } from 'vite';

/** The running API that `npm run dev` proxies to. */
const api = process.env.PACELINE_API ?? 'http://127.0.0.1:3000';

export default defineConfig({
  root: import.meta.dirname,
  build: {
    target: 'es2023',
    // The content security policy allows no data: URLs, so small files are not inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { proxy: { '/v1': api, '/docs': api, '/openapi.json': api } },
});
