import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { defineConfig } from 'vitest/config';

const packages = globSync(['packages/*', 'services/*', 'apps/*', 'e2e', 'bench']);

export default defineConfig({
  test: {
    // A net under tests that wait for a condition: this may be a slow machine.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Most of a test's time goes by waiting for real servers, not on the processor.
    maxWorkers: Math.max(4, availableParallelism()),
    projects: packages.map((root) => ({
      extends: true,
      root,
      test: {
        name: `@paceline/${basename(root)}`,
        // Whole systems come last and two at a time: each is ten processes.
        // The sandbox keeps nothing beside its objects: its many small files share their workers.
        isolate: root !== 'packages/sandbox',
        ...(root === 'e2e' ? { maxWorkers: 2, sequence: { groupOrder: 1 } } : {}),
      },
    })),
  },
});
