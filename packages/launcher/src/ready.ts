import { setTimeout as wait } from 'node:timers/promises';
import type { Supervised } from './process.ts';

/** Real ms: a small machine starts six processes at once. */
const patience = 60_000;

/** Waits until every process says that it is ready. @throws {Error} naming the one that is not, and why */
export async function waitUntilReady(processes: readonly Supervised[]): Promise<void> {
  await Promise.all(processes.map(ready));
}

async function ready({ name, readyUrl }: Supervised): Promise<void> {
  const giveUp = performance.now() + patience;
  let reason = 'it did not answer';
  while (performance.now() < giveUp) {
    const answer = await fetch(readyUrl, { signal: AbortSignal.timeout(3_000) }).catch(() => undefined);
    if (answer?.ok) return;
    if (answer) reason = (await answer.text()).slice(0, 300);
    await wait(100);
  }
  throw new Error(`${name} did not become ready: ${reason}`);
}
