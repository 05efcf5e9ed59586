import type { Command } from '../command.ts';
import { addRider } from './add-rider.ts';
import { alerts } from './alerts.ts';
import { importRiders } from './import.ts';
import { pause, resume } from './pause.ts';
import { plan } from './plan.ts';
import { run, runs } from './runs.ts';
import { schedule } from './schedule.ts';
import { status } from './status.ts';
import { tail } from './tail.ts';

/** Every command, by its name. */
export const commands: Readonly<Record<string, Command>> = {
  status,
  'add-rider': addRider,
  import: importRiders,
  runs,
  run,
  tail,
  plan,
  schedule,
  pause,
  resume,
  alerts,
};
