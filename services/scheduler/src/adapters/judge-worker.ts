import { parentPort, workerData } from 'node:worker_threads';
import { judgeSettings } from '@paceline/planning/judge';
import type { Judgement } from './judging.ts';

const { settings, demand, now } = workerData as Judgement;
parentPort?.postMessage(judgeSettings(settings, demand, now));
