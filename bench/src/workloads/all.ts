import type { Workload } from '../report/outcome.ts';
import { saturated } from './w01-saturated.ts';
import { burst } from './w02-burst.ts';
import { manual } from './w03-manual.ts';
import { starvation } from './w04-starvation.ts';
import { uncontended } from './w06-uncontended.ts';
import { flooded } from './w07-flood.ts';

export const workloads: readonly Workload[] = [saturated, burst, manual, starvation, uncontended, flooded];
