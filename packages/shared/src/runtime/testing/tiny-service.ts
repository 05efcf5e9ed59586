// A service small enough to watch runService with, from outside. TINY says how it misbehaves.
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfigOrExit } from '../../config/index.ts';
import { inSpan } from '../../telemetry/index.ts';
import { type RunningService, runService, type ServiceContext } from '../index.ts';

const { TINY: habit } = process.env;
const config = loadConfigOrExit(['LOG_LEVEL', 'PACELINE_CLOCK', 'HEALTH_HOST', 'HEALTH_PORT']);

async function start({ clock, log, signal }: ServiceContext<typeof config>): Promise<RunningService> {
  if (habit === 'cannot start') throw new Error('no answer from nats://me:hush@127.0.0.1:4222');
  if (habit === 'gives up starting') await sleep(60_000, undefined, { signal });
  if (habit === 'starts slowly') await sleep(60_000, undefined, { signal }).catch(() => undefined);
  await inSpan('start', {}, () => log.info({ scale: clock.scale }, 'at work'));
  if (habit === 'crashes') setTimeout(() => JSON.parse('nonsense'));
  if (habit === 'forgets a promise') void Promise.reject(new Error('nobody caught me'));
  return {
    checks: {
      broker: () => undefined,
      database() {
        if (habit === 'is not ready') throw new Error('no answer from postgres://me:hush@db');
      },
    },
    async drain() {
      log.info({ aborted: signal.aborted, reason: String(signal.reason) }, 'draining');
      if (habit === 'never drains') await new Promise(() => undefined);
      if (habit === 'drains slowly') await sleep(60_000);
      await inSpan('last work', {}, () => undefined);
    },
    async close() {
      log.info('closing');
      if (habit === 'cannot close') throw new Error('still in use');
    },
  };
}

await runService({ name: 'tiny', config, start, drainMs: habit === 'never drains' ? 100 : 60_000 });
