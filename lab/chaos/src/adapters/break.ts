import { setTimeout as sleep } from 'node:timers/promises';
import type { Inflicted } from '../core/evidence.ts';
import type { Fault } from '../core/fault.ts';
import { inflictions } from './faults/index.ts';
import type { Stage } from './stage.ts';

/** Breaks everything at its moment and heals it again; returns when all is healed. */
export async function breakThings(
  stage: Stage,
  faults: readonly Fault[],
  begins: number,
  tell: (line: string) => void,
): Promise<Inflicted[]> {
  const { real } = stage;
  return Promise.all(
    faults.map(async (fault) => {
      await sleep(begins + fault.at - real.now());
      const began = real.now();
      tell(`${fault.kind} ${fault.targets.join(', ')}`);
      const heal = await inflictions[fault.kind](stage, fault);
      // A restart of everything takes what it takes.
      if (fault.kind !== 'rolling-restart') await sleep(began + fault.lasts - real.now());
      await heal();
      return { fault, began, healed: real.now() };
    }),
  );
}
