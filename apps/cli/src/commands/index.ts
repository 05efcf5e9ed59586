import type { Subcommand } from '../command.ts';
import { completionOf } from './completion.ts';
import { event, events } from './events.ts';
import { limit, limits, queue } from './limits.ts';
import { pause, resume } from './pause.ts';
import { cancel, requests } from './requests.ts';
import { addRider, importRiders } from './add.ts';
import { failures, run, runs } from './runs.ts';
import { plan, schedule } from './schedule.ts';
import { alerts, status, tail } from './status.ts';
import { retry, trigger } from './syncs.ts';
import { club, clubs, rider, riders } from './team.ts';
import { why } from './why.ts';

type Commands = Readonly<Record<string, Subcommand>>;

/** Every command, as the general help lists them. */
export const groups: Readonly<Record<'Look' | 'Act' | 'Operate', Commands>> = {
  Look: {
    status,
    riders,
    rider,
    events,
    event,
    clubs,
    club,
    requests,
    queue,
    limits,
    runs,
    run,
    failures,
    alerts,
    why,
    tail,
  },
  Act: { 'add-rider': addRider, import: importRiders, cancel, trigger, retry },
  Operate: { pause, resume, limit, plan, schedule, completion: completionOf(() => allCommands) },
};

export const allCommands: Commands = Object.assign({}, ...Object.values(groups));
