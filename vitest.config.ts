import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { slowestFirst } from './vitest.order.ts';

/** What sets up something global has a process of its own; all other files share one a core, and load modules once. */
const alone = ['packages/shared/src/telemetry/**/*.test.ts'];
const proofs = ['e2e/**', '**/*.prove.test.ts', '**/node_modules/**'];

/** Everything that owns its time, on servers that all files share: `npm test`. */
export default defineConfig({
  test: {
    globalSetup: ['packages/shared/src/testing/servers.ts'],
    sequence: { sequencer: slowestFirst(['clubs', 'imports', 'events', 'service']) },
    setupFiles: ['vitest.setup.ts'],
    // A net under tests that wait for a condition: this may be a slow machine.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: availableParallelism(),
    projects: [
      { extends: true, test: { name: 'together', exclude: [...proofs, ...alone], isolate: false } },
      { extends: true, test: { name: 'alone', include: alone, exclude: proofs } },
    ],
  },
});
