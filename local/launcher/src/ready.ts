import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
// oxlint-disable-next-line no-restricted-imports -- our own processes are asked, never upstream
import { Agent, fetch } from 'undici';
import type { Supervised } from './process.ts';

/** Real ms: a small machine starts six processes at once. */
const patience = 60_000;

/** A process of ours on this machine, whose certificate is for the name by which others know it. */
const itself = new Agent({ connect: { rejectUnauthorized: false } });

/**
 * Waits until every process says that it is ready.
 * @throws {Error} naming the one that is not, and why, or that ended instead, with the end of its log
 */
export async function waitUntilReady(processes: readonly Supervised[]): Promise<void> {
  await Promise.all(processes.map((each) => Promise.race([ready(each), endedEarly(each)])));
}

async function ready({ name, readyUrl }: Supervised): Promise<void> {
  const giveUp = performance.now() + patience;
  let reason = 'it did not answer';
  while (performance.now() < giveUp) {
    const answer = await fetch(readyUrl, { signal: AbortSignal.timeout(3_000), dispatcher: itself }).catch(
      () => undefined,
    );
    if (answer?.ok) return;
    if (answer) reason = (await answer.text()).slice(0, 300);
    await wait(100);
  }
  throw new Error(`${name} did not become ready: ${reason}`);
}

async function endedEarly({ name, ended, logFile }: Supervised): Promise<never> {
  await ended;
  const log = await readFile(logFile, 'utf8');
  throw new Error(`${name} ended while it was starting. The end of ${logFile}:\n${log.slice(-1_500)}`);
}
