import type { Evidence, Exit } from '../evidence.ts';
import type { Law } from './law.ts';

export const ready: Law = {
  counts: 'services that are not ready',
  breaches: ({ notReady }) => [...notReady],
};

/** Real ms: what an exit of ours may come later than the signal. */
const endsWithin = 22_000;

function isOurs({ inflicted }: Evidence, { at, name, how }: Exit): boolean {
  return inflicted.some(({ fault, began, healed }) => {
    if (!fault.targets.includes(name)) return false;
    if (fault.kind === 'kill' || fault.kind === 'kill-several')
      return how === 'SIGKILL' && at >= began && at < began + endsWithin;
    // Whether it ended in good order is another law.
    return fault.kind === 'rolling-restart' && at >= began && at < healed + endsWithin;
  });
}

export const exits: Law = {
  counts: 'processes that ended by their own doing',
  breaches: (evidence) =>
    evidence.exits.filter((exit) => !isOurs(evidence, exit)).map(({ name, how }) => `${name}: ${how}`),
};

/** Real ms for which what was broken may still be complained of after it is healed. */
const aftermath = 20_000;

export const errors: Law = {
  counts: 'errors in logs that no fault explains',
  breaches: ({ errors: lines, inflicted }) =>
    lines
      .filter(
        ({ at, level }) =>
          level === 'fatal' ||
          !inflicted.some(({ began, healed }) => at >= began - 100 && at <= healed + aftermath),
      )
      .map(({ service, message }) => `${service}: ${message}`),
};
