import { defineConfig } from 'vite';

/** Where a running API answers, for `npm run dev`. */
const api = process.env.PACELINE_API ?? 'http://127.0.0.1:3000';

export default defineConfig({
  root: import.meta.dirname,
  build: {
    target: 'es2023',
    // The page's policy takes no data: URLs for styles and scripts; small files stay files.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { proxy: { '/v1': api, '/docs': api, '/openapi.json': api } },
});
