import process from 'node:process';
import type { Inflict } from './inflict.ts';

/** SIGSTOP, then SIGCONT: a process, or its host, that sleeps and does not know that it did. */
export const freeze: Inflict = (stage, { targets }) => {
  const pids = targets.map((target) => stage.process(target).pid()).filter((pid) => pid !== undefined);
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  const heal = () => {
    for (const pid of pids) process.kill(pid, 'SIGCONT');
    return Promise.resolve();
  };
  return Promise.resolve(heal);
};
