import { parentPort, workerData } from 'node:worker_threads';
import type { Scenario } from './core/scenario.ts';
import { simulate, type StrategyName } from './core/simulate.ts';

// Simulates the scenario with each strategy it receives.
const scenario = workerData as Scenario;
parentPort?.on('message', (name: StrategyName) => parentPort?.postMessage(simulate(scenario, name)));
