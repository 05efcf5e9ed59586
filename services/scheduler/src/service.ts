import { kindNames } from '@paceline/shared/definition';
import { promisesOf } from '@paceline/planning/plan';
import { freshnessGoalsOf } from '@paceline/shared/config';
import { settingsOf } from '@paceline/planning/slots';
import type { Clock } from '@paceline/shared/clock';
import { type ScheduleSettings } from '@paceline/shared/contracts';
import { type Bus, connect, createBus } from '@paceline/shared/messaging';
import type { RunningService, ServiceContext } from '@paceline/shared/runtime';
import { judgeApart } from './adapters/judging.ts';
import { type InForce, openHandled, openInForce } from './adapters/stored.ts';
import type { SchedulerConfig } from './config.ts';
import { withConfigured } from './core/schedule.ts';
import { answerRequests } from './flows/requests.ts';
import { announceChanges, followTimetable, type Scheduling } from './flows/timetable.ts';

/** Says when a sync may run: publishes each slot's tick exactly once, however many schedulers there are. */
export async function startScheduler(context: ServiceContext<SchedulerConfig>): Promise<RunningService> {
  const { config, clock, log } = context;
  const connection = await connect(config.NATS_URL, 'scheduler');
  const bus = createBus(connection, log);
  const [handled, inForce] = await Promise.all([openHandled(bus), openInForce(bus)]);
  await bringIntoForce(bus, inForce, settingsOf(config), clock);
  const stopping = new AbortController();
  const scheduling: Scheduling = { bus, handled, inForce, clock, signal: stopping.signal };
  const following = [
    ...kindNames.map((kind) => followTimetable(scheduling, kind)),
    announceChanges(scheduling),
  ];
  const demand = {
    tier: config.ZWIFTRACING_TIER,
    clubs: config.ZWIFTRACING_CLUB_IDS.length,
    things: {},
    promises: promisesOf(freshnessGoalsOf(config)),
  };
  answerRequests({ bus, inForce, clock, judge: judgeApart(clock.machine), demand });
  return {
    checks: {
      broker: () => {
        if (connection.isClosed()) throw new Error('the connection to NATS is closed');
      },
    },
    async drain() {
      stopping.abort(new Error('shutting down'));
      await Promise.all(following);
    },
    async close() {
      await connection.drain();
    },
  };
}

/** What the variables say is in force when they say something new; else what was in force stays. */
async function bringIntoForce(
  bus: Bus,
  inForce: InForce,
  configured: ScheduleSettings,
  clock: Clock,
): Promise<void> {
  for (;;) {
    const { version, kept } = await inForce.find();
    const wanted = withConfigured(kept, configured, Math.round(clock.now()));
    if (!wanted || (await inForce.replace(version, wanted))) {
      bus.log.info(
        { changed: (wanted ?? kept)?.changed, isNew: Boolean(wanted) },
        'the schedule is in force',
      );
      return;
    }
  }
}
