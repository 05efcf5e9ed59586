import { parentPort, workerData } from 'node:worker_threads';
import { judgeSettings } from '@paceline/planning/judge';
import type { JudgeRequest } from './judging.ts';

const { settings, demand, now } = workerData as JudgeRequest;
parentPort?.postMessage(judgeSettings(settings, demand, now));
