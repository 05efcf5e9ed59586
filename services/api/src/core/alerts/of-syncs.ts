import { forcedLanes } from '@paceline/shared/definition';
import type { Conflict, RankedEvent } from '@paceline/shared/contracts';
import type { Condition } from './condition.ts';
import { list, span } from './words.ts';

const minute = 60_000;
/** Project ms: a wait that is shorter is how syncs share a budget every day. */
const longWait = 5 * minute;
/** Project ms after the last conflict until it is over. */
const calm = 10 * minute;

/** A sync waits long because of another one that could have had its slot at another time. */
export function conflicts(last: Conflict | null, now: number): Condition[] {
  if (!last || last.expectedWaitMs < longWait || now - last.at > calm || forcedLanes.has(last.blockedBy))
    return [];
  const { lane, blockedBy, endpoint, at, expectedWaitMs } = last;
  return [
    {
      type: 'sync_conflict',
      key: `sync_conflict:${lane}:${blockedBy}:${endpoint}`,
      severity: 'warning',
      title: `${lane} waits because of ${blockedBy}`,
      why: `Both call ${endpoint}; the wait is expected to take ${span(expectedWaitMs)}.`,
      todo: 'Look for slots that overlap with npm run plan.',
      since: at,
      isNews: false,
    },
  ];
}

/** Project ms before its start from which on nobody can say that a copy will still come in time. */
const lastCalls = 10 * minute;

/** Events with our riders are about to start with copies from before their last minutes. */
export function staleSignups(next: readonly RankedEvent[], now: number): Condition[] {
  const late = next.filter(
    ({ ours, withinGoal, startsAt }) => ours && !withinGoal && startsAt - now < lastCalls,
  );
  if (late.length === 0) return [];
  return [
    {
      type: 'stale_data',
      key: 'stale_data:signups',
      severity: 'warning',
      title: `Old signups of ${list(late.map(({ title }) => title))}`,
      why: 'Our riders are in it, it is about to start, and there was no call for it.',
      todo: 'See what the signups budget is spent on, and what waits for it.',
      since: Math.min(...late.map(({ startsAt }) => startsAt - lastCalls)),
      isNews: false,
    },
  ];
}

/** When the oldest club and the list of events were last fetched; undefined: there is none. Project ms. */
export interface Ages {
  readonly clubs: number | undefined;
  readonly events: number | undefined;
}

/** Project ms; a club is due every quarter of a day, the list every quarter of an hour. */
const oldest = { clubs: 24 * 60 * minute, events: 60 * minute };

/** What is fetched regularly has not been for long. */
export const staleLists = (ages: Ages, now: number): Condition[] =>
  (['clubs', 'events'] as const).flatMap((what) => {
    const at = ages[what];
    if (at === undefined || now - at <= oldest[what]) return [];
    const thing = what === 'clubs' ? 'A club' : 'The list of events';
    return [
      {
        type: 'stale_data',
        key: `stale_data:${what}`,
        severity: 'error',
        title: `${thing} was last fetched ${span(now - at)} ago`,
        why: 'No run has brought it since.',
        todo: 'See the last runs and why they failed, or whether the sync is off.',
        since: at + oldest[what],
        isNews: false,
      },
    ];
  });
