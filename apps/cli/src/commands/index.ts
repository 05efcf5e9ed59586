import type { Subcommand } from '../command.ts';
import { pause, resume } from './pause.ts';
import { addRider, importRiders } from './riders.ts';
import { run, runs } from './runs.ts';
import { plan, schedule } from './schedule.ts';
import { alerts, status, tail } from './status.ts';

export const commands: Readonly<Record<string, Subcommand>> = {
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
