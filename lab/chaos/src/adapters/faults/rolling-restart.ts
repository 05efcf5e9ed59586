import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { byItself, type Inflict } from './inflict.ts';

/** Real ms: whoever rolls out a version waits no longer for one that does not come. */
const patienceMs = 6_000;

/** SIGTERM to one after the other; the next one only when the last one is ready again. */
export const rollingRestart: Inflict = async (stage, { targets }) => {
  for (const target of targets) {
    const member = stage.process(target);
    const old = member.pid();
    if (old !== undefined) process.kill(old, 'SIGTERM');
    const giveUp = performance.now() + patienceMs;
    while (performance.now() < giveUp) {
      await sleep(100);
      if (member.pid() === old) continue;
      const answer = await fetch(member.readyUrl, { signal: AbortSignal.timeout(1_000) }).catch(
        () => undefined,
      );
      if (answer?.ok) break;
    }
  }
  return byItself;
};
