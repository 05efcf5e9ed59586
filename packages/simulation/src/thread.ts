import { parentPort, workerData } from 'node:worker_threads';
import type { Scenario } from './core/scenario.ts';
import { simulate, type StrategyName } from './core/simulate.ts';

const { scenario, name } = workerData as { scenario: Scenario; name: StrategyName };
parentPort?.postMessage(simulate(scenario, name));
