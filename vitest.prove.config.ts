import { defineConfig } from 'vitest/config';
import { slowestFirst } from './vitest.order.ts';

/** Whole systems and real processes, on clocks that go on by themselves: `npm run prove`. */
export default defineConfig({
  test: {
    name: 'prove',
    include: ['e2e/*.test.ts', '{packages,services,apps,local,lab}/*/src/**/*.prove.test.ts'],
    globalSetup: ['packages/shared/src/testing/servers.ts'],
    sequence: {
      sequencer: slowestFirst(['ten-hours', 'simulation', 'cluster', 'chaos', 'backup', 'killed.prove']),
    },
    // Each wait has a bound of its own, minutes long: see lab/kit/src/waiting.ts.
    testTimeout: 15 * 60_000,
    hookTimeout: 5 * 60_000,
    // Each whole system is ten processes.
    maxWorkers: 2,
  },
});
