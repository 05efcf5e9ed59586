import { z } from 'zod';
import { type ClockSetting, formatClock, isSandboxUrl } from '../clock/index.ts';

/** The bucket that says which upstream and clock the stored state belongs to. Provisioning writes it once. */
export const originBucket = 'ORIGIN';
export const originKey = 'origin';

/** What stored slots, windows and rows depend on. A key is no part of it: each key has an account of its own. */
export const origin = z.object({
  /** Host and path of the base URL; `sandbox` for any sandbox, whose port can change. */
  upstream: z.string(),
  /** As in `PACELINE_CLOCK`, or `real time`. */
  clock: z.string(),
});
export type Origin = z.infer<typeof origin>;

export const clockOrigin = (clock: ClockSetting): string =>
  clock.scale === 1 ? 'real time' : formatClock(clock);

/** @param baseUrl undefined: the sandbox of `npm start` */
export function originOf(baseUrl: string | undefined, clock: ClockSetting): Origin {
  if (baseUrl === undefined || isSandboxUrl(baseUrl))
    return { upstream: 'sandbox', clock: clockOrigin(clock) };
  const { host, pathname } = new URL(baseUrl);
  return { upstream: `${host}${pathname.replace(/\/+$/, '')}`, clock: clockOrigin(clock) };
}

/** What is wrong when a process starts on this state; undefined: it belongs to the process. */
export function foreignState(stored: Origin, own: Partial<Origin>): string | undefined {
  const wrong = (['upstream', 'clock'] as const).filter(
    (part) => own[part] !== undefined && own[part] !== stored[part],
  );
  if (wrong.length === 0) return undefined;
  const differences = wrong.map(
    (part) => `its ${part} is "${stored[part]}", the configured one "${own[part]}"`,
  );
  return `the stored state belongs to another system: ${differences.join('; ')}. Set ${variablesOf(wrong)} back, use another broker and database, or delete the state (npm run reset, docker compose down --volumes)`;
}

const variablesOf = (wrong: ReadonlyArray<keyof Origin>): string =>
  wrong.map((part) => (part === 'upstream' ? 'ZWIFTRACING_BASE_URL' : 'PACELINE_CLOCK')).join(' and ');
