import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { slowestFirst } from './vitest.order.ts';

/** Tests that set up something global get their own process; all others share one per core and load modules once. */
const alone = ['packages/shared/src/telemetry/**/*.test.ts'];
const proofs = ['e2e/**', '**/*.prove.test.ts', '**/node_modules/**'];

/** `npm test`: tests that control their own time, on servers shared by all files. */
export default defineConfig({
  test: {
    globalSetup: ['packages/shared/src/testing/servers.ts'],
    sequence: { sequencer: slowestFirst(['clubs', 'imports', 'events', 'service']) },
    setupFiles: ['vitest.setup.ts'],
    // Only a safety net: tests wait for conditions, and the machine can be slow.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: availableParallelism(),
    projects: [
      { extends: true, test: { name: 'together', exclude: [...proofs, ...alone], isolate: false } },
      { extends: true, test: { name: 'alone', include: alone, exclude: proofs } },
    ],
  },
});
