import { kindNames } from '@paceline/shared/definition';
import { goalsOf } from '@paceline/planning/plan';
import { freshnessGoalsOf } from '@paceline/shared/config';
import { settingsOf } from '@paceline/planning/slots';
import { clockOrigin } from '@paceline/shared/contracts';
import { brokerOrigin, openBus } from '@paceline/shared/messaging';
import { assertOwnState, type RunningService, type ServiceContext } from '@paceline/shared/runtime';
import { openChecker } from './adapters/schedule-checks.ts';
import { type ScheduleStore, openProgress, openScheduleStore } from './adapters/bucket-stores.ts';
import type { SchedulerConfig } from './config.ts';
import { configuredSchedule } from './core/schedule.ts';
import { applyConfigured } from './flows/configured.ts';
import { answerRequests } from './flows/requests.ts';
import { announceChanges, openSlots, type Scheduling } from './flows/timetable.ts';

/** Decides when syncs run: publishes the tick of each slot exactly once, however many schedulers there are. */
export async function startScheduler(context: ServiceContext<SchedulerConfig>): Promise<RunningService> {
  const { config, clock, log } = context;
  const { bus, checks } = await openBus(config.NATS_URL, 'scheduler', log);
  assertOwnState({ broker: await brokerOrigin(bus.js) }, { clock: clockOrigin(config.PACELINE_CLOCK) });
  const [progress, store] = await Promise.all([openProgress(bus), openScheduleStore(bus)]);
  const apply = () => applyConfigured(log, store, settingsOf(config), clock);
  await apply();
  const schedules: ScheduleStore = {
    ...store,
    async read() {
      const { stored, ...found } = await store.find();
      if (stored) return { ...found, stored };
      if (found.version > 0) return { ...found, stored: configuredSchedule(settingsOf(config)) };
      // Its bucket was lost: without a schedule, no slot would open any more.
      await apply();
      return store.read();
    },
  };
  const stopping = new AbortController();
  const scheduling: Scheduling = { bus, progress, schedules, clock, signal: stopping.signal };
  const loops = [...kindNames.map((kind) => openSlots(scheduling, kind)), announceChanges(scheduling)];
  const demand = {
    upstream: config.UPSTREAMS.zwiftracing,
    tier: config.ZWIFTRACING_TIER,
    clubs: config.ZWIFTRACING_CLUB_IDS.length,
    things: {},
    goals: goalsOf(freshnessGoalsOf(config)),
  };
  const requests = answerRequests({ bus, schedules, clock, checker: openChecker(clock.machine), demand });
  return {
    checks,
    presence: { service: 'scheduler', bus },
    async drain() {
      stopping.abort(new Error('shutting down'));
      await Promise.all([requests.stop(), ...loops]);
    },
    async close() {
      await bus.connection.drain();
    },
  };
}
