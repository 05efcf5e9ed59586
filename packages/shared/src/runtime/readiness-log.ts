import type { Machine } from '../clock/index.ts';
import type { Logger } from '../telemetry/index.ts';
import { type Checks, readiness } from './health.ts';

/** Real ms between two rounds of checks. */
export const readinessRoundMs = 5_000;
/** Rounds that may fail unreported: a start, or a server that is restarted. */
const quietRounds = 1;
/** Rounds until it is reported again: a minute. */
const roundsPerReport = 12;

export interface LoggedReadiness {
  readonly checks: Checks;
  readonly machine: Machine;
  readonly log: Pick<Logger, 'warn' | 'info'>;
}

/** Logs why the process is not ready, once and then every minute, and that it is ready again. @returns how to stop */
export function logReadiness({ checks, machine, log }: LoggedReadiness): () => void {
  let failedRounds = 0;
  let isStopped = false;
  let cancelTimer = () => {};

  async function run(): Promise<void> {
    const { ready, checks: results } = await readiness(checks);
    if (isStopped) return;
    if (ready && failedRounds > quietRounds) log.info('ready again');
    failedRounds = ready ? 0 : failedRounds + 1;
    if (failedRounds > quietRounds && (failedRounds - quietRounds) % roundsPerReport === 1) {
      const failing = Object.fromEntries(Object.entries(results).filter(([, result]) => result !== 'ok'));
      log.warn({ failing }, 'not ready');
    }
    cancelTimer = machine.after(readinessRoundMs, () => void run());
  }
  void run();

  return () => {
    isStopped = true;
    cancelTimer();
  };
}
