// oxlint-disable-next-line no-restricted-imports -- the real limiter, so that nothing about permits is imagined
import { startLimiter } from '@paceline/limiter/src/service.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from '@paceline/sandbox';
import type { RunningService } from '@paceline/shared/runtime';
import { syncVariables } from '@paceline/shared/sync';
import { openStage, type Stage } from '@paceline/shared/sync/testing';
import { startRiderSync } from '../service.ts';

/** The rider sync in the world that it works in: broker, Postgres, limiter and upstream, all of them real. */
export interface World extends Stage {
  readonly sandbox: Sandbox;
  /** A key that nobody has used yet, so with all of its windows free. */
  newKey(): string;
  start(env?: Record<string, string>): Promise<Running>;
}

export interface Running extends RunningService {
  /** Ends it in good order. */
  stop(): Promise<void>;
}

const limiterVariables = [
  'NATS_URL',
  'ZWIFTRACING_TIER',
  'PACELINE_CLOCK',
  'HEALTH_HOST',
  'HEALTH_PORT',
  'LOG_LEVEL',
] as const;

const allKeys = Array.from({ length: 50 }, (_, index) => `key-${index}`);

export async function createWorld(scale: number, options: SandboxOptions = {}): Promise<World> {
  const stage = await openStage(scale);
  const keys = Object.fromEntries(allKeys.map((key) => [key, 'standard' as const]));
  const sandbox = await startSandbox({ clock: stage.clock, keys, ...options });
  const unused = [...allKeys];
  const limiter = await startLimiter(stage.context('limiter', limiterVariables).context);
  const running = new Set<Running>();
  return {
    ...stage,
    sandbox,
    newKey() {
      const key = unused.pop();
      if (key === undefined) throw new Error('no key is left');
      return key;
    },
    async start(env = {}) {
      const { context, stop } = stage.context('rider-sync', [...syncVariables, 'ZWIFTRACING_CLUB_IDS'], {
        ZWIFTRACING_BASE_URL: sandbox.url,
        ZWIFTRACING_API_KEY: 'nobody',
        ...env,
      });
      const service = await startRiderSync(context);
      const started: Running = {
        ...service,
        async stop() {
          if (!running.delete(started)) return;
          stop();
          await service.drain();
          await service.close();
        },
      };
      running.add(started);
      return started;
    },
    async close() {
      await Promise.all([...running].map((service) => service.stop()));
      await limiter.drain();
      await limiter.close();
      await sandbox.close();
      await stage.close();
    },
  };
}
