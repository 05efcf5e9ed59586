import { lanes } from '@paceline/shared/definition';
import { count } from '@paceline/shared/words';
import type { Budget, Command } from '../generated.ts';
import { laneOf, upstreamLabel } from '../names.ts';
import { countdown, duration, shortTimeNear, timeNear } from './time.ts';

/** Pauses that keep this budget closed now, the longest first. @param now project ms */
export function activePauses({ pausedUntil, unknownUntil }: Budget, now: number) {
  return (
    [
      ['upstream', pausedUntil.upstream],
      ['operator', pausedUntil.operator],
      ['unknown', unknownUntil],
    ] as const
  )
    .flatMap(([by, until]) => (until === null ? [] : [{ by, until: Date.parse(until) }]))
    .filter(({ until }) => until > now)
    .toSorted((one, other) => other.until - one.until);
}

export interface Availability {
  /** `free`: a call can start now; `full`: the next call is available later; `closed`: paused, no calls start. */
  readonly state: 'free' | 'full' | 'closed';
  readonly text: string;
  readonly reason?: string;
}

const pauseReasons = {
  upstream: (label: string) => `by ${label} (429)`,
  operator: () => 'by an operator',
  unknown: () => 'while unrecorded calls may still count',
};

const forcedOnly = 'for forced lanes only';

/** Whether what is left of a window is ahead of its pace, or its reserve. */
function isForForced({ used, aligned, policy: { limit }, reserve }: Budget): boolean {
  // A window of one call has no reserve.
  const others = aligned?.pace ?? (limit > 1 ? limit - reserve : limit);
  return used >= others;
}

/** Whether a call can start now, and if not, when and why. @param now project ms */
export function availability(budget: Budget, now: number): Availability {
  const [closed] = activePauses(budget, now);
  if (closed) {
    const text = `paused for ${countdown(closed.until - now)}`;
    return { state: 'closed', text, reason: pauseReasons[closed.by](upstreamLabel(budget.upstream)) };
  }
  const freeAt = budget.freeAt === null ? now : Date.parse(budget.freeAt);
  if (freeAt <= now)
    return { state: 'free', text: 'available now', ...(isForForced(budget) && { reason: forcedOnly }) };
  return { state: 'full', text: `available in ${countdown(freeAt - now)}` };
}

/** Why a call was rejected with 429. */
export const rejectionCauses = {
  ours: 'caused by Paceline',
  operator_limit: 'the limit set by an operator is too loose',
  policy_changed: 'the limit has changed',
  unreported_permit: 'one of our calls may have arrived late',
  foreign_caller: 'another program uses this key',
} as const satisfies Record<NonNullable<Budget['lastRejected']>['attribution'], string>;

/** The lanes of the calls that count, and of the requests that wait. */
export const lanesIn = ({ permits, earlier, waiting }: Budget): string[] =>
  [...permits, ...earlier, ...waiting.requests].map(({ lane }) => lane);

/** Whether a lane carries the calls of a sync, not those of commands or of programs. */
export const isOfSync = (lane: string): boolean =>
  lane in lanes && lanes[lane as keyof typeof lanes].sync !== undefined;

/** The lane at the head of the queue, with the rider id when only one command can be meant. */
export function nextInQueue({ waiting }: Budget, open: readonly Command[]): string {
  const [next] = waiting.requests;
  if (!next) return 'queue empty';
  const [command, other] = open.filter(({ estimatedAt }) => estimatedAt === next.estimatedAt);
  const isUnambiguous = !isOfSync(next.lane) && other === undefined;
  const rider = isUnambiguous && command?.riderId ? ` ${command.riderId}` : '';
  const more = waiting.count > 1 ? `, then ${waiting.count - 1} more` : '';
  return `next: ${laneOf(next.lane).label}${rider}${more}`;
}

/** `1 per 60 min` */
export const limitText = ({ limit, windowSeconds }: Budget['documented']): string =>
  `${limit} per ${windowSeconds === 60 ? 'minute' : duration(windowSeconds * 1_000)}`;

/** The limit in force and its source, with the documented and the advertised one where they differ. @param now project ms */
export function policyText({ upstream, policy, documented, advertised }: Budget, now: number): string {
  const limit = limitText(policy);
  const isOther = advertised !== null && limitText(advertised) !== limit;
  const headers = isOther ? `; headers advertise ${limitText(advertised)}` : '';
  if (policy.from === 'documented') return `${limit} (documented${headers})`;
  const since = policy.since === null ? '' : ` since ${timeNear(policy.since, now)}`;
  const by = policy.from === 'upstream' ? `reported by ${upstreamLabel(upstream)}` : 'set by an operator';
  return `${limit}, ${by}${since} (documented: ${limitText(documented)}${headers})`;
}

/** `312 of 1000 used, resets at 00:00`, of a window that upstream resets at fixed times. @param now project ms */
export function usageText({ aligned, used, policy }: Budget, now: number): string | undefined {
  if (!aligned) return undefined;
  const pace = aligned.pace === null ? '' : `, unforced lanes up to ${aligned.pace} by now`;
  return `${used} of ${policy.limit} used${pace}, resets at ${shortTimeNear(aligned.until, now)}`;
}

/** `3 calls by other programs since 18:02`: of programs that use the same key. @param now project ms */
export function foreignText({ foreign }: Budget, now: number): string | undefined {
  if (!foreign) return undefined;
  const calls = foreign.calls.reduce((sum, each) => sum + each.calls, 0);
  if (calls === 0) return `another program used this key until ${shortTimeNear(foreign.lastAt, now)}`;
  return `${count(calls, 'call')} by other programs with this key, seen since ${shortTimeNear(foreign.since, now)}`;
}

/** Can I call now, and if not, what goes first: all budgets in one line. @param now project ms */
export function summary(budgets: readonly Budget[], now: number): string {
  const free = budgets.filter((budget) => availability(budget, now).state === 'free').length;
  const waiting = budgets.flatMap(({ waiting: { requests } }) => requests);
  const total = budgets.reduce((sum, each) => sum + each.waiting.count, 0);
  const available = `Calls available on ${free} of ${count(budgets.length, 'rate limit')}`;
  const first = waiting.toSorted((one, other) => one.estimatedAt.localeCompare(other.estimatedAt))[0];
  if (!first) return `${available}. No requests waiting.`;
  const when = countdown(Date.parse(first.estimatedAt) - now);
  return `${available}. ${count(total, 'request')} waiting; next: ${laneOf(first.lane).label} in ${when}.`;
}
