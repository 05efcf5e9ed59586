import { parentPort } from 'node:worker_threads';
import { simulate } from './core/simulate.ts';
import type { SimulationRun } from './run.ts';

// Runs each simulation that it receives.
parentPort?.on('message', ({ scenario, strategy }: SimulationRun) =>
  parentPort?.postMessage(simulate(scenario, strategy)),
);
