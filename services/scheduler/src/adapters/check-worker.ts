import { parentPort, workerData } from 'node:worker_threads';
import { checkSettings } from '@paceline/planning/check';
import type { CheckRequest } from './schedule-checks.ts';

const { settings, demand, now } = workerData as CheckRequest;
parentPort?.postMessage(checkSettings(settings, demand, now));
