import { parentPort, workerData } from 'node:worker_threads';
import type { Scenario } from './core/scenario.ts';
import { simulate, type StrategyName } from './core/simulate.ts';

// Lives through the scenario by each strategy that it is sent.
const scenario = workerData as Scenario;
parentPort?.on('message', (name: StrategyName) => parentPort?.postMessage(simulate(scenario, name)));
