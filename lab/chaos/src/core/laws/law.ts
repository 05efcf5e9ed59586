import type { Evidence } from '../evidence.ts';

/** What must hold however much was broken. */
export interface Law {
  /** What is counted, and is to be none. */
  readonly counts: string;
  /** Each breach in a sentence. */
  breaches(evidence: Evidence): string[];
}
