import process from 'node:process';
import { byItself, type Inflict } from './inflict.ts';

/** SIGKILL. The launcher starts each again, as it would for anybody. */
export const kill: Inflict = (stage, { targets }) => {
  for (const target of targets) {
    const pid = stage.process(target).pid();
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
  }
  return Promise.resolve(byItself);
};
