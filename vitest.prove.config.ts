import { defineConfig } from 'vitest/config';
import { slowestFirst } from './vitest.order.ts';

/** `npm run prove`: whole systems of real processes, on running clocks. */
export default defineConfig({
  test: {
    name: 'prove',
    include: ['e2e/*.test.ts', '{packages,services,apps,local,lab}/*/src/**/*.prove.test.ts'],
    globalSetup: ['packages/shared/src/testing/servers.ts'],
    sequence: {
      sequencer: slowestFirst([
        'ten-hours',
        'unreliable-upstream',
        'simulation',
        'killed-parts',
        'cluster',
        'chaos',
        'backup',
        'killed.prove',
      ]),
    },
    // Each wait has its own limit of minutes: lab/kit/src/waiting.ts.
    testTimeout: 15 * 60_000,
    hookTimeout: 5 * 60_000,
    // Each system has ten processes.
    maxWorkers: 2,
  },
});
