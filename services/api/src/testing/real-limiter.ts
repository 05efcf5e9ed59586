// oxlint-disable-next-line no-restricted-imports -- the real limiter, so that nothing about windows is imagined
import { limiterVariables } from '@paceline/limiter/config';
// oxlint-disable-next-line no-restricted-imports -- see above
import { startLimiter } from '@paceline/limiter/service';
import { loadConfig } from '@paceline/shared/config';
import { log, type TestApi } from './api.ts';

/** Runs the limiter beside an API in its test. Returns once it answers for every account. */
export async function runRealLimiter(test: TestApi): Promise<{ stop(): Promise<void> }> {
  const NATS_URL = test.place.brokerUrl('limiter');
  const limiter = await test.during(
    startLimiter({
      name: 'limiter',
      config: loadConfig({ NATS_URL }, limiterVariables),
      clock: test.clock,
      log,
      signal: new AbortController().signal,
    }),
  );
  await test.until(async () => {
    for (const check of Object.values(limiter.checks)) await check();
  });
  return {
    async stop() {
      await test.during(limiter.drain().then(() => limiter.close()));
    },
  };
}
