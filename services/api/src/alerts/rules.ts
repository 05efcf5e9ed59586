import type {
  AlertChanged,
  AlertType,
  Attribution,
  RankedEvent,
  ScheduleReply,
  WindowView,
} from '@paceline/shared/contracts';
import type { Upstream } from '@paceline/shared/upstreams';
import { longestWait } from '@paceline/shared/upstreams/answers';
import { count, rate } from '@paceline/shared/words';
import type { SystemPart } from '../health/parts.ts';
import type { SourceRow } from '../sources/view.ts';
import { durationText, listText, timeText } from './view.ts';

/** Identifies a condition: its type, and its subject where there can be several of a type. */
export type AlertKey = AlertType | `${AlertType}:${string}`;

export interface AlertCondition extends Pick<
  AlertChanged,
  'type' | 'severity' | 'title' | 'why' | 'todo' | 'since'
> {
  /** Stays the same while the condition lasts. */
  readonly key: AlertKey;
  /** True for something that happened once and has no duration: its alert is resolved immediately. */
  readonly isOneTime: boolean;
}

export interface AlertRow extends AlertChanged {
  readonly key: AlertKey;
  readonly lastSeenAt: number;
}

const minute = 60_000;

/** Project ms without the condition before its alert is resolved, so that one that comes and goes is one alert. */
const clearBeforeResolved = 5 * minute;
/** Project ms since the last rejection after which the condition ends. */
const quietPeriod = 10 * minute;

/** The conditions that are true now, and the keys (or key prefixes) that could not be checked. */
export interface Observation {
  readonly present: readonly AlertCondition[];
  readonly unknown: readonly AlertKey[];
}

export interface AlertChanges {
  readonly raise: readonly AlertCondition[];
  /** Ids of open alerts whose condition is still present. */
  readonly present: readonly string[];
  readonly resolve: readonly string[];
}

/** An alert whose condition could not be checked stays open. */
export function alertChanges(
  open: readonly AlertRow[],
  { present, unknown }: Observation,
  now: number,
): AlertChanges {
  const openKeys = new Set(open.map(({ key }) => key));
  const presentKeys = new Set(present.map(({ key }) => key));
  const hasCleared = ({ key, lastSeenAt }: AlertRow) =>
    !presentKeys.has(key) &&
    now - lastSeenAt >= (isAboutPart(key) ? 0 : clearBeforeResolved) &&
    !unknown.some((each) => key.startsWith(each));
  return {
    raise: present.filter(({ key }) => !openKeys.has(key)),
    present: open.filter(({ key }) => presentKeys.has(key)).map(({ id }) => id),
    resolve: open.filter(hasCleared).map(({ id }) => id),
  };
}

/** Alerts about parts follow the health of the system, which shows immediately that a part is back. */
export const isAboutPart = (key: AlertKey): boolean => key.startsWith('part_down:');

/** The same in every process, so that several that detect the condition at the same time raise one alert. */
export const alertId = ({ key, since, isOneTime }: AlertCondition, now: number): string =>
  `${key}.${isOneTime ? since : now}`;

export const conditionOf = (
  key: AlertKey,
  severity: AlertCondition['severity'],
  about: Pick<AlertCondition, 'title' | 'why' | 'todo' | 'since'>,
  isOneTime = false,
): AlertCondition => ({ type: key.split(':')[0] as AlertType, key, severity, ...about, isOneTime });

export function rejections(
  windows: readonly WindowView[],
  now: number,
  { label }: Upstream,
): AlertCondition[] {
  const hit = windows.flatMap(({ endpoint, policy, lastRejected, pausedUntil }) => {
    const isRecent = lastRejected !== null && now - lastRejected.at < quietPeriod;
    const until = pausedUntil.upstream ?? 0;
    // Another failure can pause the budget, too: then the last 429 is long past.
    const isCause = lastRejected !== null && until - lastRejected.at < longestWait(policy.windowMs) + minute;
    return lastRejected && (isRecent || (isCause && until > now))
      ? [{ endpoint, ...lastRejected, until }]
      : [];
  });
  const [first] = hit.toSorted((a, b) => a.at - b.at);
  if (!first) return [];
  const pausedUntil = Math.max(...hit.map(({ until }) => until));
  const budgets = listText(hit.map(({ endpoint }) => endpoint));
  const byCause = [...Map.groupBy(hit, ({ attribution }) => attribution)];
  const why = byCause.map(([attribution, rejected]) => {
    const [cause] = causes(label)[attribution];
    return byCause.length === 1 ? cause : `${listText(rejected.map(({ endpoint }) => endpoint))}: ${cause}`;
  });
  if (pausedUntil > now) why.push(`Calls to ${budgets} are paused until ${timeText(pausedUntil)}.`);
  return [
    conditionOf('rate_limit_exceeded', 'error', {
      title: `${label} rejects calls: ${budgets}`,
      why: why.join(' '),
      todo: byCause.map(([attribution]) => causes(label)[attribution][1]).join(' '),
      since: first.at,
    }),
  ];
}

const causes = (label: string): Record<Attribution, readonly [cause: string, todo: string]> => ({
  ours: [
    'According to the journal, our own calls filled the window.',
    'This must not happen: run npm run audit and report the result.',
  ],
  operator_limit: [
    `The limit that an operator set is looser than the one that ${label} enforces.`,
    'Reset the limit to the documented one, or set a stricter one: see the rate limits.',
  ],
  policy_changed: [
    `${label} enforces a different limit than the one Paceline used.`,
    'No action needed: Paceline now uses the new limit. If it is wrong: PUT /v1/budgets/{budget}/policy.',
  ],
  unreported_permit: [
    'One of our calls, whose result was never reported, may have arrived late.',
    'No action needed, unless it happens again.',
  ],
  foreign_caller: [
    'Another program seems to use the same API key.',
    'Find that program, and give it its own API key.',
  ],
});

export const learnedLimits = (
  windows: readonly WindowView[],
  now: number,
  { label }: Upstream,
): AlertCondition[] =>
  windows.flatMap(({ endpoint, policy: { from, since, limit, windowMs }, documented, lastRejected }) => {
    if (from !== 'upstream' || since === null || now - since > 1_440 * minute) return [];
    // The rejection that taught this limit has the same time.
    const isByOperator = lastRejected?.at === since && lastRejected.attribution === 'operator_limit';
    const about = {
      title: `Rate limit for ${endpoint} changed to ${rate({ limit, windowMs })}`,
      why: `${isByOperator ? 'It replaces the looser limit that an operator had set. ' : ''}Reported by ${label}; the documented limit is ${rate(documented)}.`,
      todo: 'Check whether the slots still fit: npm run plan.',
      since,
    };
    return [conditionOf(`limit_learned:${endpoint}`, 'warning', about, true)];
  });

export function lostJournal(
  windows: readonly WindowView[],
  now: number,
  { label }: Upstream,
): AlertCondition[] {
  const unknown = windows.filter(({ unknownUntil }) => (unknownUntil ?? 0) > now);
  // A single unknown window can also mean that a longer window was learned.
  const isUnknown = unknown.length === windows.length && windows.length > 0;
  const restored = windows.flatMap(({ permits }) => permits.filter((permit) => permit.restored)).length;
  if (!isUnknown && restored === 0) return [];
  const why = isUnknown
    ? `Earlier calls are unknown, so every rate limit of ${label} counts as used up for one window.`
    : `The broker lost the end of it: ${count(restored, 'call')} of ${label} restored from the call log.`;
  return [
    conditionOf('journal_lost', 'error', {
      title: 'Limiter journal lost',
      why,
      todo: "Check the broker's disk. Calls resume by themselves.",
      since: now,
    }),
  ];
}

/** Project ms that a request can wait without an alert. A sync normally waits within its slot. */
const maxWaitOf = (isForced: boolean): number => (isForced ? 5 : 30) * minute;

export function longQueues(
  windows: readonly WindowView[],
  now: number,
  upstream: Upstream,
): AlertCondition[] {
  const slow = windows.flatMap(({ endpoint, policy, waiting: { count, next } }) => {
    const allowed = (lane: string) => Math.max(maxWaitOf(isForced(upstream, lane)), policy.windowMs);
    const first = next.find(({ lane, requestedAt }) => now - requestedAt > allowed(lane));
    return first ? [{ endpoint, count, ...first, since: first.requestedAt + allowed(first.lane) }] : [];
  });
  const [worst] = slow.toSorted((a, b) => a.requestedAt - b.requestedAt);
  if (!worst) return [];
  return [
    conditionOf('long_queue', 'warning', {
      title: `Requests wait too long: ${listText(slow.map(({ endpoint }) => endpoint))}`,
      why: `Waiting for ${durationText(now - worst.requestedAt)}: ${labelOf(upstream, worst.lane)} request for ${worst.endpoint}, expected to run at ${timeText(worst.estimatedAt)}. Requests in the queue: ${worst.count}.`,
      todo: 'Check the queue. Pause a sync, or plan fewer slots.',
      since: worst.since,
    }),
  ];
}

/** Project ms. Shorter waits are normal when syncs share a budget. */
const longConflictMs = 5 * minute;

const isForced = ({ lanes }: Upstream, lane: string): boolean => lanes[lane]?.forced ?? false;

const labelOf = ({ lanes }: Upstream, lane: string): string => lanes[lane]?.label ?? lane;

/**
 * A scheduled request that has waited long while calls of another sync went first: their slots overlap, or one of them
 * was started by hand. Estimates prove nothing: near and far take turns, and urgent events can overtake either.
 */
export const conflicts = (
  windows: readonly WindowView[],
  now: number,
  upstream: Upstream,
): AlertCondition[] =>
  windows.flatMap(({ endpoint, policy, permits, waiting: { next } }) => {
    const allowedMs = Math.max(longConflictMs, 2 * policy.windowMs);
    const blocked = next.find(
      ({ lane, requestedAt }) => !isForced(upstream, lane) && now - requestedAt >= allowedMs,
    );
    const other =
      blocked &&
      permits.find(
        ({ lane, startedAt }) =>
          !isForced(upstream, lane) && lane !== blocked.lane && startedAt > blocked.requestedAt,
      );
    if (!blocked || !other) return [];
    const label = ({ lane }: { readonly lane: string }) => labelOf(upstream, lane);
    const isSync = upstream.lanes[blocked.lane]?.sync !== undefined;
    const about = {
      title: `${isSync ? 'Sync conflict' : 'Conflict'}: ${label(other)} calls delay ${label(blocked)} calls`,
      why: `Both use the rate limit for ${endpoint}. A ${label(blocked)} call has waited ${durationText(now - blocked.requestedAt)} while ${label(other)} calls went first.`,
      todo: isSync
        ? 'Check whether their slots overlap (npm run plan), or whether one of them was started by hand.'
        : 'Check which programs make these calls: GET /v1/permits.',
      since: blocked.requestedAt,
    };
    return [conditionOf(`sync_conflict:${blocked.lane}:${other.lane}:${endpoint}`, 'warning', about)];
  });

/** Project ms before the start: after that a stale copy may not be refreshed in time. */
const lastCallMs = 10 * minute;

export function staleSignups(next: readonly RankedEvent[], now: number): AlertCondition[] {
  const byId = new Map(next.map((event) => [event.eventId, event]));
  const late = [...byId.values()].filter(
    ({ ours, withinGoal, startsAt }) => ours && !withinGoal && startsAt - now < lastCallMs,
  );
  if (late.length === 0) return [];
  return [
    conditionOf('stale_data:signups', 'warning', {
      title: `Stale signups: ${listText(late.map(({ title }) => title))}`,
      why: 'Our riders are about to start, and no call was free to refresh the signups.',
      todo: 'Check what uses the signups rate limit, and what is queued for it.',
      since: Math.min(...late.map(({ startsAt }) => startsAt - lastCallMs)),
    }),
  ];
}

/** Project ms. */
export interface DataAge {
  /** When the oldest club, or the event list, was last fetched; undefined: never. */
  readonly fetchedAt: number | undefined;
  /** Since when runs have tried to fetch a club, or the list, that was never fetched; undefined: there is none. */
  readonly missingSince: number | undefined;
}
export type DataAges = Readonly<Record<'clubs' | 'events', DataAge>>;

/** `maxMissing`: how long the first fetch can take, as clubs have a slot every six hours. */
const lists = [
  {
    list: 'clubs',
    title: 'Club data',
    one: 'A club',
    maxAge: 24 * 60 * minute,
    maxMissing: 3 * 60 * minute,
  },
  {
    list: 'events',
    title: 'The event list',
    one: 'The event list',
    maxAge: 60 * minute,
    maxMissing: 60 * minute,
  },
] as const;

export const staleLists = (ages: DataAges, now: number): AlertCondition[] =>
  lists.flatMap(({ list, title, one, maxAge, maxMissing }) => {
    const { fetchedAt: at, missingSince } = ages[list];
    const todo = 'Check whether the sync is on, and why its last runs failed.';
    const raise = (about: Pick<AlertCondition, 'title' | 'why' | 'since'>) => [
      conditionOf(`stale_data:${list}`, 'error', { ...about, todo }),
    ];
    if (at !== undefined && now - at > maxAge) {
      const age = durationText(now - at);
      return raise({
        title: `${title} is ${age} old`,
        why: 'No run has refreshed it since.',
        since: at + maxAge,
      });
    }
    if (missingSince === undefined || now - missingSince <= maxMissing) return [];
    const why = `Runs have tried since ${timeText(missingSince)}, and all have failed.`;
    return raise({ title: `${one} was never fetched`, why, since: missingSince + maxMissing });
  });

export const unavailableSources = (rows: readonly SourceRow[]): AlertCondition[] =>
  rows
    .filter(({ state }) => state === 'unavailable')
    .map(({ source, message, advice, probeAt, since }) =>
      conditionOf(`source_unavailable:${source}`, 'error', {
        title: `ZwiftRacing source unavailable: ${source}`,
        why: `${message ?? 'ZwiftRacing rejects the calls'}.${probeAt === null ? '' : ` Next attempt: ${timeText(probeAt)}.`}`,
        todo: advice ?? 'See GET /v1/sources.',
        since,
      }),
    );

const keyOfPart = ({ part }: SystemPart): AlertKey => `part_down:${part}`;

/** The parts that are down. What is unknown of a part says nothing about its alert. */
export const downParts = (parts: readonly SystemPart[]): Observation => ({
  present: parts.flatMap((part) => {
    const { state, since, title, reason, advice } = part;
    if (state !== 'down' || since === null || title === null) return [];
    const about = { title, why: reason ?? '', todo: advice ?? '', since };
    return [conditionOf(keyOfPart(part), 'error', about)];
  }),
  unknown: parts.filter(({ state }) => state === 'unknown').map(keyOfPart),
});

/** A list whose last responses lacked most of what is stored. Times are project ms. */
export interface DoubtedList {
  /** `club:20650` or `events:upcoming` */
  readonly subject: string;
  readonly since: number;
  readonly lastAt: number;
  readonly known: number;
  readonly present: number;
}

export const doubtedLists = (rows: readonly DoubtedList[]): AlertCondition[] =>
  rows.map(({ subject, since, lastAt, known, present }) => {
    const [kind, id] = subject.split(':');
    const [list, item] = kind === 'club' ? [`club ${id}`, 'member'] : ['the event list', 'event'];
    return conditionOf(`doubted_data:${subject}`, 'warning', {
      title: `Response for ${list} lacks most ${item}s`,
      why: `The response of ${timeText(lastAt)} has ${present} of ${count(known, `stored ${item}`)}. None is removed until a later response confirms it.`,
      todo: `Check ${list} at ZwiftRacing. If it is right, wait for the next sync.`,
      since,
    });
  });

/** The scheduler's answer about a stored schedule that can't be read. */
export const unreadableSchedule = (reply: ScheduleReply, now: number): AlertCondition[] => {
  if (reply.answer !== 'in_force' || reply.schedule.problem === undefined) return [];
  const { version, problem } = reply.schedule;
  return [
    conditionOf('doubted_data:schedule', 'error', {
      title: 'Stored schedule unreadable',
      why: `Version ${version} cannot be read: ${problem}. The last readable schedule is in force, or the configured one.`,
      todo: 'Check it with GET /v1/schedule, then set it again (PUT) or reset it (DELETE).',
      since: now,
    }),
  ];
};
