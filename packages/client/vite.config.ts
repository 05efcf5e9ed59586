import { defineConfig } from 'vite';

/** Includes what the client depends on, so that a web page can import it without a bundler and an installation is one package. */
export default defineConfig({
  root: import.meta.dirname,
  logLevel: 'warn',
  build: {
    target: 'es2023',
    minify: false,
    license: { fileName: 'licenses.md' },
    lib: { entry: ['src/index.ts', 'src/roster.ts', 'src/text.ts'], formats: ['es'] },
  },
});
