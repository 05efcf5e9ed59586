// oxlint-disable-next-line no-restricted-imports -- the real limiter, so that nothing about permits is imagined
import { startLimiter } from '@paceline/limiter/src/service.ts';
import { type Sandbox, startSandbox } from '@paceline/sandbox';
import { syncVariables } from '@paceline/shared/sync';
import { limiterVariables, openStage, type Stage, type StagedService } from '@paceline/shared/sync/testing';
import { startRiderSync } from '../service.ts';

/** The rider sync in the world that it works in: broker, Postgres, limiter and upstream, all of them real. */
export interface World extends Stage {
  readonly sandbox: Sandbox;
  start(env?: Record<string, string>): Promise<StagedService>;
}

/** @param scale how much faster than the machine it lives */
export async function createWorld(scale: number): Promise<World> {
  const stage = await openStage(scale);
  const { clock, keys } = stage;
  const sandbox = await startSandbox({ clock, keys });
  await stage.run('limiter', limiterVariables, startLimiter);
  return {
    ...stage,
    sandbox,
    start: (env) =>
      stage.run('rider-sync', [...syncVariables, 'ZWIFTRACING_CLUB_IDS'], startRiderSync, {
        ZWIFTRACING_BASE_URL: sandbox.url,
        ...env,
      }),
    async close() {
      await stage.close();
      await sandbox.close();
    },
  };
}
