import type { Logger } from '@paceline/shared/telemetry';

/** Real ms. */
const pauseMs = 60_000;

/** Forgets what is kept for a while only, at once and then every minute, by each of the given deeds. */
export function startHousekeeping(
  deeds: ReadonlyArray<() => Promise<void>>,
  log: Logger,
): { stop(): Promise<void> } {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const round = async () => {
    for (const forget of deeds) {
      await forget().catch((error: unknown) =>
        log.warn({ err: error }, 'what is old could not be forgotten'),
      );
    }
    if (!stopped) timer = setTimeout(next, pauseMs);
  };
  let inHand: Promise<void>;
  const next = () => {
    inHand = round();
  };
  next();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await inHand;
    },
  };
}
