import { forcedLanes, type Lane } from '@paceline/shared/definition';
import type {
  AlertChanged,
  AlertType,
  Attribution,
  Conflict,
  RankedEvent,
  WindowView,
} from '@paceline/shared/contracts';
import type { SourceRow } from '../sources/view.ts';
import { durationText, listText, timeText } from './view.ts';

/** The beginning of a condition's key: its type, and what it is about as far as that sets it apart. */
export type AlertKey = AlertType | `${AlertType}:${string}`;

export interface Condition extends Pick<
  AlertChanged,
  'type' | 'severity' | 'title' | 'why' | 'todo' | 'since'
> {
  /** The same condition has the same key for as long as it lasts. */
  readonly key: AlertKey;
  /** True: it happened and is over; its alert is resolved at once. */
  readonly isNews: boolean;
}

export interface AlertRow extends AlertChanged {
  readonly key: AlertKey;
  readonly lastSeenAt: number;
}

const minute = 60_000;

/** Project ms for which a condition must be gone before its alert is resolved: what comes and goes is one alert. */
const calmBeforeResolved = 5 * minute;
const calmBeforeOver = 10 * minute;

/** The conditions that hold, and the keys, or beginnings of keys, about which nothing is known now. */
export interface Observation {
  readonly holding: readonly Condition[];
  readonly unknown: readonly AlertKey[];
}

export interface Changes {
  readonly raise: readonly Condition[];
  readonly seen: readonly string[];
  readonly resolve: readonly string[];
}

/** An alert whose condition is unknown stays open. */
export function changesOf(
  open: readonly AlertRow[],
  { holding, unknown }: Observation,
  now: number,
): Changes {
  const isOpen = new Set(open.map(({ key }) => key));
  const holds = new Set(holding.map(({ key }) => key));
  const isOver = ({ key, lastSeenAt }: AlertRow) =>
    !holds.has(key) &&
    now - lastSeenAt >= calmBeforeResolved &&
    !unknown.some((each) => key.startsWith(each));
  return {
    raise: holding.filter(({ key }) => !isOpen.has(key)),
    seen: open.filter(({ key }) => holds.has(key)).map(({ id }) => id),
    resolve: open.filter(isOver).map(({ id }) => id),
  };
}

/** One id for one condition: several processes that find it at once raise one alert. */
export const alertId = ({ key, since, isNews }: Condition, now: number): string =>
  `${key}.${isNews ? since : now}`;

const conditionOf = (
  key: AlertKey,
  severity: Condition['severity'],
  about: Pick<Condition, 'title' | 'why' | 'todo' | 'since'>,
  isNews = false,
): Condition => ({ type: key.split(':')[0] as AlertType, key, severity, ...about, isNews });

export function rejections(windows: readonly WindowView[], now: number): Condition[] {
  const hit = windows.flatMap(({ endpoint, lastRejected, pausedUntil }) => {
    const isRecent = lastRejected !== null && now - lastRejected.at < calmBeforeOver;
    const until = pausedUntil.upstream ?? 0;
    return lastRejected && (isRecent || until > now) ? [{ endpoint, ...lastRejected, until }] : [];
  });
  const [first] = hit.toSorted((a, b) => a.at - b.at);
  if (!first) return [];
  const open = Math.max(...hit.map(({ until }) => until));
  const budgets = listText(hit.map(({ endpoint }) => endpoint));
  const [cause, todo] = causes[first.attribution];
  return [
    conditionOf('rate_limit_exceeded', 'error', {
      title: `Upstream rejects calls: ${budgets}`,
      why: `${cause}${open > now ? ` Nobody calls ${budgets} until ${timeText(open)}.` : ''}`,
      todo,
      since: first.at,
    }),
  ];
}

const causes: Record<Attribution, readonly [cause: string, todo: string]> = {
  ours: [
    'Our own calls filled the window, as far as the journal tells.',
    'Run npm run audit and report what it finds: this must not happen.',
  ],
  policy_changed: [
    'Upstream enforces another limit than the one that was kept.',
    'Nothing: the new limit is kept. If it is wrong, set the policy of the budget.',
  ],
  unreported_permit: [
    'A call of ours whose end was never heard of may have come late.',
    'Nothing, if it stays a single one.',
  ],
  foreign_caller: [
    'Somebody else seems to use the same key.',
    'Find who else uses the key, or give it a key of its own.',
  ],
};

export const learnedLimits = (windows: readonly WindowView[], now: number): Condition[] =>
  windows.flatMap(({ endpoint, policy: { from, since, limit, windowMs }, documented }) => {
    if (from !== 'upstream' || since === null || now - since > 1_440 * minute) return [];
    const about = {
      title: `The limit of ${endpoint} is ${limit} per ${durationText(windowMs)}`,
      why: `Upstream said so; ${documented.limit} per ${durationText(documented.windowMs)} is documented.`,
      todo: 'Check the slots against it with npm run plan.',
      since,
    };
    return [conditionOf(`limit_learned:${endpoint}`, 'warning', about, true)];
  });

export function lostJournal(windows: readonly WindowView[], now: number): Condition[] {
  const closed = windows.filter(({ unknownUntil }) => (unknownUntil ?? 0) > now);
  // A longer window that was learned closes a single budget, too.
  if (closed.length < windows.length || windows.length === 0) return [];
  return [
    conditionOf('journal_lost', 'error', {
      title: 'The journal of the limiter was lost',
      why: 'Every budget counts as spent for one window, so that no call is made twice.',
      todo: 'Find out what became of the disk of the broker. Calls go on by themselves.',
      since: now,
    }),
  ];
}

/** Project ms that a request may wait before an operator should know. A sync is expected to wait within its slot. */
const longWaitOf = (lane: Lane): number => (forcedLanes.has(lane) ? 5 : 30) * minute;

export function longQueues(windows: readonly WindowView[], now: number): Condition[] {
  const slow = windows.flatMap(({ endpoint, policy, waiting: { count, next } }) => {
    const allowed = (lane: Lane) => Math.max(longWaitOf(lane), policy.windowMs);
    const first = next.find(({ lane, requestedAt }) => now - requestedAt > allowed(lane));
    return first ? [{ endpoint, count, ...first, since: first.requestedAt + allowed(first.lane) }] : [];
  });
  const [worst] = slow.toSorted((a, b) => a.requestedAt - b.requestedAt);
  if (!worst) return [];
  return [
    conditionOf('long_queue', 'warning', {
      title: `Calls wait long: ${listText(slow.map(({ endpoint }) => endpoint))}`,
      why: `A call of ${worst.lane} for ${worst.endpoint} has waited ${durationText(now - worst.requestedAt)}, with ${worst.count} in line; it is expected to run at ${timeText(worst.estimatedAt)}.`,
      todo: 'See who is in line. Pause a sync, or plan fewer slots.',
      since: worst.since,
    }),
  ];
}

/** Project ms: a shorter wait is how syncs share a budget every day. */
const longConflict = 5 * minute;

export function conflicts(last: Conflict | null, now: number): Condition[] {
  if (!last || last.expectedWaitMs < longConflict) return [];
  const { lane, blockedBy, endpoint, at, expectedWaitMs } = last;
  if (now - at > calmBeforeOver || forcedLanes.has(blockedBy)) return [];
  return [
    conditionOf(`sync_conflict:${lane}:${blockedBy}:${endpoint}`, 'warning', {
      title: `${lane} waits because of ${blockedBy}`,
      why: `Both call ${endpoint}; the wait is expected to take ${durationText(expectedWaitMs)}.`,
      todo: 'Look for slots that overlap with npm run plan.',
      since: at,
    }),
  ];
}

/** Project ms before an event's start within which a stale copy may no longer be refreshed in time. */
const lastCalls = 10 * minute;

export function staleSignups(next: readonly RankedEvent[], now: number): Condition[] {
  const late = next.filter(
    ({ ours, withinGoal, startsAt }) => ours && !withinGoal && startsAt - now < lastCalls,
  );
  if (late.length === 0) return [];
  return [
    conditionOf('stale_data:signups', 'warning', {
      title: `Old signups of ${listText(late.map(({ title }) => title))}`,
      why: 'Our riders are in it, it is about to start, and there was no call for it.',
      todo: 'See what the signups budget is spent on, and what waits for it.',
      since: Math.min(...late.map(({ startsAt }) => startsAt - lastCalls)),
    }),
  ];
}

/** When the oldest club and the list of events were last fetched, project ms; undefined: there is none. */
export interface DataAges {
  readonly clubs: number | undefined;
  readonly events: number | undefined;
}

const lists = [
  { list: 'clubs', title: 'A club', oldest: 24 * 60 * minute },
  { list: 'events', title: 'The list of events', oldest: 60 * minute },
] as const;

export const staleLists = (ages: DataAges, now: number): Condition[] =>
  lists.flatMap(({ list, title, oldest }) => {
    const at = ages[list];
    if (at === undefined || now - at <= oldest) return [];
    const about = {
      title: `${title} was last fetched ${durationText(now - at)} ago`,
      why: 'No run has brought it since.',
      todo: 'See the last runs and why they failed, or whether the sync is off.',
      since: at + oldest,
    };
    return [conditionOf(`stale_data:${list}`, 'error', about)];
  });

export const unavailableSources = (rows: readonly SourceRow[]): Condition[] =>
  rows
    .filter(({ state }) => state === 'unavailable')
    .map(({ source, message, advice, probeAt, since }) =>
      conditionOf(`source_unavailable:${source}`, 'error', {
        title: `Upstream does not give us its ${source}`,
        why: `${message ?? 'It refuses'}.${probeAt === null ? '' : ` It is asked again from ${timeText(probeAt)} on.`}`,
        todo: advice ?? 'See GET /v1/sources.',
        since,
      }),
    );
