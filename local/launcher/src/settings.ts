import { type ClockSetting, createClock, formatClock, parseClock, realTime } from '@paceline/shared/clock';
import { type Config, loadConfig, type VariableName, variableNames } from '@paceline/shared/config';
import { defaultUpstream } from '@paceline/shared/upstreams';
import { openUpstreams } from '@paceline/shared/upstreams/open';
import { retentionVariables } from './prepare.ts';
import { isSandboxed, otherUpstreams } from './sandboxes.ts';
import type { StateFolder } from './state.ts';

const needed = [
  'API_HOST',
  'API_PORT',
  'API_UPSTREAMS',
  'LOG_FILE_SIZE',
  'NATS_MONITOR_URL',
  'NATS_SYNC_INTERVAL',
  'PACELINE_BROKERS',
  'PACELINE_REPLICAS',
  ...retentionVariables,
] as const;

export type LauncherConfig = Config<(typeof needed)[number], VariableName>;

/** @throws {ConfigError} listing every problem */
export function readSettings(env: NodeJS.ProcessEnv): LauncherConfig {
  const callsUpstream = env.ZWIFTRACING_BASE_URL ? (['ZWIFTRACING_API_KEY'] as const) : [];
  const others = variableNames.filter((name) => !needed.some((each) => each === name));
  return loadConfig(env, [...needed, ...callsUpstream], others, ({ API_UPSTREAMS: names = [] }) => {
    const real = names.filter((name) => name !== defaultUpstream && !isSandboxed(name, env));
    return openUpstreams(env, real, realTime).problems;
  });
}

/** The sandbox's speed-up: a day of syncs takes 24 minutes. */
const sandboxScale = 60;

/** The shared clock: as configured, real time if any upstream is a real one, else the sandbox's, which survives restarts. */
export async function clockOf(
  config: LauncherConfig,
  env: NodeJS.ProcessEnv,
  state: StateFolder,
): Promise<ClockSetting> {
  if (env.PACELINE_CLOCK) return config.PACELINE_CLOCK ?? realTime;
  if (config.ZWIFTRACING_BASE_URL || otherUpstreams(env).real) return realTime;
  const create = () => formatClock(sandboxClock(createClock().now(), sandboxScale));
  return parseClock(await state.readOrCreate('clock', create));
}

const minute = 60_000;
const day = 24 * 60 * minute;

/** A clock that starts at the next 18:20 UTC, just before far and near slots open. `realNow`: ms */
export function sandboxClock(realNow: number, scale: number): ClockSetting {
  const evening = 18 * 60 * minute + 20 * minute;
  const midnight = Math.floor(realNow / day) * day;
  const startsAt = midnight + evening > realNow ? midnight + evening : midnight + day + evening;
  // Both clocks agree at the anchor; running `scale` times faster, project time has reached `startsAt` by now.
  return { scale, anchor: Math.round(realNow - (startsAt - realNow) / (scale - 1)) };
}
