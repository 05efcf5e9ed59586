import type { Logger } from '../telemetry/index.ts';
import { within } from './within.ts';

export interface Phase {
  readonly name: string;
  readonly limitMs: number;
  readonly run: () => Promise<void>;
}

/**
 * Runs the phases in their order, each for `limitMs` (real) at the most; one that fails doesn't keep the next from
 * running.
 * @returns whether all of them went well
 */
export async function shutDown(phases: readonly Phase[], log: Logger): Promise<boolean> {
  let clean = true;
  for (const { name, limitMs, run } of phases) {
    try {
      await within(limitMs, Promise.resolve().then(run));
    } catch (error) {
      clean = false;
      log.error({ err: error, phase: name }, `shutdown: ${name} failed`);
    }
  }
  return clean;
}
