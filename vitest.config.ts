import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const packages = globSync(['packages/*', 'services/*', 'apps/*', 'e2e', 'bench']);

const sharing = new Set([
  'packages/planning',
  'packages/sandbox',
  'packages/simulation',
  'services/api',
  'services/event-sync',
  'services/limiter',
  'services/scheduler',
]);

/** Whoever begins last must not take longest. */
const longest = ['chaos', 'ten-hours', 'backup', 'replicas', 'clubs', 'killed'].map(
  (name) => `/${name}.test.ts`,
);
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const place = longest.findIndex((end) => moduleId.endsWith(end));
      return place === -1 ? longest.length : place;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    globalSetup: ['packages/shared/src/testing/servers.ts'],
    sequence: { sequencer: LongestFirst },
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
        // Their modules keep nothing between tests: files that share a worker load them once.
        isolate: !sharing.has(root),
        ...(root === 'e2e' ? { maxWorkers: 2, sequence: { groupOrder: 1 } } : {}),
      },
    })),
  },
});
