import { schedulesOf } from '@paceline/planning/schedules';
import { connect, createBus } from '@paceline/shared/messaging';
import type { RunningService, ServiceContext } from '@paceline/shared/runtime';
import { openHandled } from './adapters/handled.ts';
import { followTimetable } from './adapters/timetable.ts';
import type { SchedulerConfig } from './config.ts';

/** Says when a sync may run: publishes each slot's tick exactly once, however many schedulers there are. */
export async function startScheduler(context: ServiceContext<SchedulerConfig>): Promise<RunningService> {
  const { config, clock, log } = context;
  const connection = await connect(config.NATS_URL, 'scheduler');
  const bus = createBus(connection, log);
  const handled = await openHandled(bus);
  const stopping = new AbortController();
  const timetables = schedulesOf(config).map((schedule) =>
    followTimetable(bus, handled, schedule, clock, stopping.signal),
  );
  return {
    checks: {
      broker: () => {
        if (connection.isClosed()) throw new Error('the connection to NATS is closed');
      },
    },
    async drain() {
      stopping.abort(new Error('shutting down'));
      await Promise.all(timetables);
    },
    async close() {
      await connection.drain();
    },
  };
}
