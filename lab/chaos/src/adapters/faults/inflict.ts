import type { Fault } from '../../core/fault.ts';
import type { Stage } from '../stage.ts';

/** Breaks something at once. Returns the way to heal it, which returns when it is healed as far as an operator would. */
export type Inflict = (stage: Stage, fault: Fault) => Promise<() => Promise<void>>;

/** Does something about everything that a fault befalls, at once. */
export const forEach = async (targets: readonly string[], act: (target: string) => Promise<void>) => {
  await Promise.all(targets.map(act));
};

/** It heals by itself. */
export const byItself = (): Promise<void> => Promise.resolve();
