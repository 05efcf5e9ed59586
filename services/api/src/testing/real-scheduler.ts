// oxlint-disable-next-line no-restricted-imports -- the real scheduler, so that nothing about schedules is imagined
import { schedulerVariables } from '@paceline/scheduler/config';
// oxlint-disable-next-line no-restricted-imports -- see above
import { startScheduler } from '@paceline/scheduler/service';
import { loadConfig } from '@paceline/shared/config';
import { log, type TestApi } from './api.ts';

/** Runs the scheduler beside an API in its test. */
export async function runRealScheduler(test: TestApi): Promise<{ stop(): Promise<void> }> {
  const NATS_URL = test.place.brokerUrl('scheduler');
  const scheduler = await test.during(
    startScheduler({
      name: 'scheduler',
      config: loadConfig({ NATS_URL }, schedulerVariables),
      clock: test.clock,
      log,
      signal: new AbortController().signal,
    }),
  );
  return {
    async stop() {
      await test.during(scheduler.drain().then(() => scheduler.close()));
    },
  };
}
