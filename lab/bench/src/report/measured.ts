import type { Outcome, Workload } from './outcome.ts';

/** A workload and what came of it, or why nothing did. */
export interface Measured {
  readonly workload: Workload;
  readonly outcome?: Outcome;
  readonly failed?: string;
}

/** Runs it. A failure is a result too: the others go on. */
export async function measure(workload: Workload, say: (line: string) => void): Promise<Measured> {
  try {
    return { workload, outcome: await workload.run(say) };
  } catch (error) {
    return { workload, failed: (error as Error).message };
  }
}
