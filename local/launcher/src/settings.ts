import { type ClockSetting, createClock, formatClock, parseClock, realTime } from '@paceline/shared/clock';
import { type Config, loadConfig, type VariableName, variableNames } from '@paceline/shared/config';
import { keptByBroker } from './prepare.ts';
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

/** The shared clock: configured, real time against a real upstream, else the sandbox's, which goes on after a restart. */
export async function clockOf(
  config: LauncherConfig,
  env: NodeJS.ProcessEnv,
  state: StateFolder,
): Promise<ClockSetting> {
  if (env.PACELINE_CLOCK) return config.PACELINE_CLOCK ?? realTime;
  if (config.ZWIFTRACING_BASE_URL) return realTime;
  const begin = () => formatClock(sandboxClock(createClock().now(), sandboxScale));
  return parseClock(await state.keep('clock', begin));
}

const minute = 60_000;
const day = 24 * 60 * minute;

/** Begins at the next 18:20 UTC, before far and near slots open: all kinds run within half a minute. `realNow`: ms */
export function sandboxClock(realNow: number, scale: number): ClockSetting {
  const evening = 18 * 60 * minute + 20 * minute;
  const midnight = Math.floor(realNow / day) * day;
  const begins = midnight + evening > realNow ? midnight + evening : midnight + day + evening;
  // At the anchor both clocks agree; `scale` times faster, project time has reached `begins` by now.
  return { scale, anchor: Math.round(realNow - (begins - realNow) / (scale - 1)) };
}
