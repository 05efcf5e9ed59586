import { parentPort } from 'node:worker_threads';
import { boundOfDay } from './core/bound/days.ts';
import { simulate } from './core/simulate.ts';
import type { Job } from './run.ts';
import { loadSolver } from './solver.ts';

const perform = async (job: Job) =>
  'strategy' in job
    ? simulate(job.scenario, job.strategy)
    : boundOfDay(job.scenario, job.day, await loadSolver());

// Performs each job that it receives.
parentPort?.on('message', (job: Job) => void perform(job).then((result) => parentPort?.postMessage(result)));
