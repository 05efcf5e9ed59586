import type { Workload } from '../report.ts';
import { saturated } from './w01-saturated.ts';
import { burst } from './w02-burst.ts';
import { manual } from './w03-manual.ts';
import { starvation } from './w04-starvation.ts';
import { killed } from './w05-killed.ts';
import { uncontended } from './w06-uncontended.ts';
import { flooded } from './w07-flood.ts';
import { frozen } from './w08-frozen.ts';
import { manyWaiting } from './w09-many-waiting.ts';
import { promises } from './w10-promises.ts';

export const workloads: readonly Workload[] = [
  saturated,
  burst,
  manual,
  starvation,
  killed,
  uncontended,
  flooded,
  frozen,
  manyWaiting,
  promises,
];
