import { type ClockSetting, createClock, formatClock, parseClock, realTime } from '@paceline/shared/clock';
import { type Config, loadConfig, type VariableName, variableNames } from '@paceline/shared/config';
import { keptByBroker } from './prepare.ts';
import { sandboxClock } from './sandbox-time.ts';
import type { StateFolder } from './state.ts';

const needed = [
  'API_HOST',
  'API_PORT',
  'LOG_FILE_SIZE',
  'PACELINE_BROKERS',
  'PACELINE_REPLICAS',
  ...keptByBroker,
] as const;

export type LauncherConfig = Config<(typeof needed)[number], VariableName>;

/** @throws {ConfigError} naming all that is wrong, before anything is started */
export function readSettings(env: NodeJS.ProcessEnv): LauncherConfig {
  const callsUpstream = env.ZWIFTRACING_BASE_URL ? (['ZWIFTRACING_API_KEY'] as const) : [];
  const others = variableNames.filter((name) => !needed.some((each) => each === name));
  return loadConfig(env, [...needed, ...callsUpstream], others);
}

/** How much faster a sandbox lives: a newcomer sees a day of syncs in 24 minutes. */
const sandboxScale = 60;

/**
 * The clock that every process shares: what is configured, real time against a real upstream, and else the sandbox's
 * own, which goes on from where it was when the stack starts again.
 */
export async function clockOf(
  config: LauncherConfig,
  env: NodeJS.ProcessEnv,
  state: StateFolder,
): Promise<ClockSetting> {
  if (env.PACELINE_CLOCK) return config.PACELINE_CLOCK ?? realTime;
  if (config.ZWIFTRACING_BASE_URL) return realTime;
  return parseClock(
    await state.keep('clock', () => formatClock(sandboxClock(createClock().now(), sandboxScale))),
  );
}
