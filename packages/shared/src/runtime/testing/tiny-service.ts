// A minimal service for testing runService in a child process. TINY selects how it misbehaves.
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfigOrExit } from '../../config/index.ts';
import { inSpan } from '../../telemetry/index.ts';
import { type RunningService, runService, type ServiceContext } from '../index.ts';

const { TINY: behavior } = process.env;
const config = loadConfigOrExit(['LOG_LEVEL', 'PACELINE_CLOCK', 'HEALTH_HOST', 'HEALTH_PORT']);

async function start({ clock, log, signal }: ServiceContext<typeof config>): Promise<RunningService> {
  if (behavior === 'cannot start') throw new Error('no response from nats://me:hush@127.0.0.1:4222');
  if (behavior === 'gives up starting') await sleep(60_000, undefined, { signal });
  if (behavior === 'starts slowly') await sleep(60_000, undefined, { signal }).catch(() => undefined);
  await inSpan('start', {}, () => log.info({ scale: clock.scale }, 'at work'));
  if (behavior === 'crashes') setTimeout(() => JSON.parse('nonsense'));
  if (behavior === 'rejects unhandled') void Promise.reject(new Error('an unhandled rejection'));
  return {
    checks: {
      broker: () => undefined,
      database() {
        if (behavior === 'is not ready') throw new Error('no response from postgres://me:hush@db');
      },
    },
    leave() {
      log.info({ aborted: signal.aborted }, 'leaving');
    },
    async drain() {
      log.info({ aborted: signal.aborted, reason: String(signal.reason) }, 'draining');
      if (behavior === 'never drains') await new Promise(() => undefined);
      if (behavior === 'drains slowly') await sleep(60_000);
      await inSpan('last work', {}, () => undefined);
    },
    async close() {
      log.info('closing');
      if (behavior === 'cannot close') throw new Error('still in use');
    },
  };
}

await runService({
  name: 'tiny',
  config,
  start,
  leaveMs: behavior === 'leaves slowly' ? 60_000 : behavior === 'leaves' ? 100 : 0,
  drainMs: behavior === 'never drains' ? 100 : 60_000,
});
