import type { ScheduleDemand } from '@paceline/planning/plan';
import { isError } from '@paceline/planning/lint';
import type { Clock } from '@paceline/shared/clock';
import {
  catalog,
  type ChangeSchedule,
  type ScheduleCheck,
  type CheckSchedule,
  type ScheduleReply,
} from '@paceline/shared/contracts';
import { type Bus, type Responder, respondWith } from '@paceline/shared/messaging';
import { currentPeriod, settingsAfter, viewOf, withChange } from '../core/schedule.ts';
import type { ScheduleChecker } from '../adapters/schedule-checks.ts';
import type { ScheduleStore } from '../adapters/bucket-stores.ts';

export interface RequestContext {
  readonly bus: Bus;
  readonly schedules: ScheduleStore;
  readonly clock: Clock;
  readonly checker: ScheduleChecker;
  /** Defaults for what a request doesn't set. */
  readonly demand: ScheduleDemand;
}

/** Answers requests to show, check and change the schedule; one scheduler answers each. */
export function answerRequests(context: RequestContext): Responder {
  const { bus } = context;
  const responders = [
    respondWith(bus, catalog.currentSchedule, 'scheduler', () => show(context)),
    respondWith(bus, catalog.checkSchedule, 'scheduler', (requested) => check(context, requested)),
    respondWith(bus, catalog.changeSchedule, 'scheduler', (requested) => change(context, requested)),
  ];
  return {
    async stop() {
      await Promise.all(responders.map((responder) => responder.stop()));
    },
  };
}

async function show({ schedules, clock }: RequestContext): Promise<ScheduleReply> {
  const { version, stored, problem } = await schedules.read();
  const schedule = viewOf(version, stored, clock.now());
  return { answer: 'in_force', schedule: { ...schedule, ...(problem !== undefined && { problem }) } };
}

async function check(
  { schedules, clock, checker, demand }: RequestContext,
  { change, things, goals }: CheckSchedule,
): Promise<ScheduleCheck> {
  const { periods } = (await schedules.read()).stored;
  const settings = settingsAfter(currentPeriod(periods).settings, change);
  return checker({
    settings,
    demand: { ...demand, things, goals: [...demand.goals, ...goals] },
    now: clock.now(),
  });
}

/** Checks and stores a change; starts over when another change came first and the request names no version. */
async function change(context: RequestContext, requested: ChangeSchedule): Promise<ScheduleReply> {
  const { bus, schedules, clock, checker, demand } = context;
  for (;;) {
    const { version, stored, problem } = await schedules.read();
    if (requested.version !== null && requested.version !== version)
      return { answer: 'changed_meanwhile', version };
    // In force from the time it is written, not the time it was requested.
    const changed = withChange(stored, requested.change, Math.round(clock.now()));
    // What can't be read is replaced even if nothing else changes.
    const after = changed ?? (problem === undefined ? undefined : stored);
    if (!after) return { answer: 'in_force', schedule: viewOf(version, stored, clock.now()) };
    // A change back to the configured schedule is never refused, as the configured one isn't checked either.
    if (requested.change && !requested.despiteErrors) {
      const settings = settingsAfter(currentPeriod(stored.periods).settings, requested.change);
      const result = await checker({ settings, demand, now: clock.now() });
      if (result.findings.some(isError)) return { answer: 'refused', check: result };
    }
    const written = await schedules.replace(version, after);
    if (written) {
      const { settings } = currentPeriod(after.periods);
      bus.log.info({ version: written.version, settings }, 'schedule changed');
      return { answer: 'in_force', schedule: viewOf(written.version, after, clock.now()) };
    }
  }
}
