import type { Fault } from '../core/fault.ts';
import type { ChaosStage } from './stage.ts';

export type Heal = () => Promise<void>;

/** Starts a fault. @returns a function that heals it, as far as an operator would */
export type Inflict = (stage: ChaosStage, fault: Fault) => Promise<Heal>;

export const healsByItself: Heal = () => Promise.resolve();

export const forEach = async (targets: readonly string[], act: (target: string) => Promise<void>) => {
  await Promise.all(targets.map(act));
};

export const pidsOf = (stage: ChaosStage, targets: readonly string[]): number[] =>
  targets.map((target) => stage.part(target).pid()).filter((pid) => pid !== undefined);

export function signal(pids: readonly number[], name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): void {
  for (const pid of pids) process.kill(pid, name);
}
