import { budgets as definedBudgets, lanes } from '@paceline/shared/definition';
import { count, unreadableText } from '@paceline/shared/words';
import type { Budget, Command, Part, Run } from './generated.ts';
import type { Lane } from './operations.ts';
import { clockTime, countdown, dayAndTime, duration, timeNear } from './text/time.ts';

export * from './text/events.ts';
export * from './text/riders.ts';
export * from './text/time.ts';

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
  upstream: 'by ZwiftRacing (429)',
  operator: 'by an operator',
  unknown: 'unrecorded calls may still count',
};

/** Whether a call can start now, and if not, when and why. @param now project ms */
export function availability(budget: Budget, now: number): Availability {
  const [closed] = activePauses(budget, now);
  if (closed) {
    const text = `paused for ${countdown(closed.until - now)}`;
    return { state: 'closed', text, reason: pauseReasons[closed.by] };
  }
  const freeAt = budget.freeAt === null ? now : Date.parse(budget.freeAt);
  if (freeAt <= now) return { state: 'free', text: 'available now' };
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

/** The lane at the head of the queue, with the rider id when only one command can be meant. */
export function nextInQueue({ waiting }: Budget, open: readonly Command[]): string {
  const [next] = waiting.requests;
  if (!next) return 'queue empty';
  const [command, other] = open.filter(({ estimatedAt }) => estimatedAt === next.estimatedAt);
  const isUnambiguous = lanes[next.lane].sync === undefined && other === undefined;
  const rider = isUnambiguous && command?.riderId ? ` ${command.riderId}` : '';
  const more = waiting.count > 1 ? `, then ${waiting.count - 1} more` : '';
  return `next: ${lanes[next.lane].label}${rider}${more}`;
}

/** `1 per 60 min` */
export const limitText = ({ limit, windowSeconds }: Budget['documented']): string =>
  `${limit} per ${windowSeconds === 60 ? 'minute' : duration(windowSeconds * 1_000)}`;

/** The limit in force and its source, with the documented and the advertised one where they differ. @param now project ms */
export function policyText({ policy, documented, advertised }: Budget, now: number): string {
  const limit = limitText(policy);
  const isOther = advertised !== null && limitText(advertised) !== limit;
  const headers = isOther ? `; headers advertise ${limitText(advertised)}` : '';
  if (policy.from === 'documented') return `${limit} (documented${headers})`;
  const since = policy.since === null ? '' : ` since ${timeNear(policy.since, now)}`;
  const by = policy.from === 'upstream' ? 'reported by ZwiftRacing' : 'set by an operator';
  return `${limit}, ${by}${since} (documented: ${limitText(documented)}${headers})`;
}

/** Shown when the API itself is down, which is not among the parts that it reports. */
export const apiDown = {
  title: 'The API does not answer',
  reason: 'Nothing can be read or requested; syncs continue.',
  advice: 'Start the API, or check its log for the cause.',
} as const;

/** A part that is down, in one line: what, since when, the effect, what to do. */
export const downText = ({ title, since, reason, advice }: Omit<Part, 'part' | 'state'>): string =>
  `${title}${since === null ? '' : ` since ${dayAndTime(since)}`}. ${reason} ${advice}`;

/** Can I call now, and if not, what goes first: all budgets in one line. @param now project ms */
export function summary(budgets: readonly Budget[], now: number): string {
  const free = budgets.filter((budget) => availability(budget, now).state === 'free').length;
  const waiting = budgets.flatMap(({ waiting: { requests } }) => requests);
  const total = budgets.reduce((sum, each) => sum + each.waiting.count, 0);
  const available = `Calls available on ${free} of ${count(budgets.length, 'rate limit')}`;
  const first = waiting.toSorted((one, other) => one.estimatedAt.localeCompare(other.estimatedAt))[0];
  if (!first) return `${available}. No requests waiting.`;
  const when = countdown(Date.parse(first.estimatedAt) - now);
  return `${available}. ${count(total, 'request')} waiting; next: ${lanes[first.lane].label} in ${when}.`;
}

export const commandLane: Lane = 'manual_rider_add';

type CommandProgress = Pick<
  Command,
  'state' | 'position' | 'until' | 'reason' | 'estimatedAt' | 'via' | 'riders'
>;

/** Progress of a command with position and time, never a bare "queued". @param now project ms */
export function progress(command: CommandProgress, now: number): string {
  const when = (prefix: string, time: string | null) =>
    time === null ? '' : `${prefix} ${timeNear(time, now)} (in ${countdown(Date.parse(time) - now)})`;
  switch (command.state) {
    case 'waiting_in_line':
      return `number ${command.position} in the queue${when(', expected at', command.estimatedAt)}`;
    case 'waiting_for_window':
      return `waiting for the rate limit${when(' until', command.until)}`;
    case 'paused_by_upstream':
      return `paused by ZwiftRacing${when(' until', command.until)}`;
    case 'paused_by_operator':
      return `paused by an operator${when(' until', command.until)}`;
    case 'outside_slot':
      return `waiting for the next slot${when(' at', command.until)}`;
    case 'waiting_for_service':
      return `waiting: ${command.reason ?? 'a service is not running'}`;
    case 'running':
      return command.via === 'bulk' ? 'being fetched in a bulk call' : 'being fetched';
    case 'done':
      return command.riders ? 'done' : 'added';
    case 'failed':
    case 'expired':
    case 'cancelled':
      return command.reason ?? command.state;
  }
}

export const isFailed = ({ state }: Pick<Command, 'state'>): boolean =>
  state === 'failed' || state === 'expired';
export const isFinished = (command: Pick<Command, 'state'>): boolean =>
  command.state === 'done' || command.state === 'cancelled' || isFailed(command);

export function titleOf({ riderId, riders }: Pick<Command, 'riderId' | 'riders'>): string {
  if (riderId !== null) return `Rider ${riderId}`;
  return count(riders ? riders.done + riders.failed + riders.waiting : 0, 'rider');
}

export function describeCommand(command: Pick<Command, 'riderId'> & CommandProgress, now: number): string {
  const [title, text] = [titleOf(command), progress(command, now)];
  return text.startsWith(title) ? text : `${title}: ${text}`;
}

export const steps = ['requested', 'waiting', 'fetching', 'added'] as const;
export const stepOf = ({ state }: Pick<Command, 'state'>): number =>
  state === 'done' ? 3 : state === 'running' ? 2 : 1;

/** Whether a run failed, wholly or in part. */
export const hasFailed = ({ state }: Pick<Run, 'state'>): boolean =>
  state === 'failed' || state === 'partly_failed';

type RunEnd = Pick<Run, 'state' | 'mode' | 'counts' | 'unreadable' | 'reason'> &
  Partial<Pick<Run, 'waitingFor'>>;

/** `31 synced, 6 unreadable: 4500012, …`, or why the run failed. */
export function outcome({ state, mode, counts, unreadable, reason, waitingFor }: RunEnd): string {
  const skipped = unreadable.count > 0 && unreadableText(unreadable);
  if (reason !== null) return [reason, skipped].filter((part) => part !== false).join('; ');
  if (mode === 'observed') return `observed: ${counts.planned} planned, no calls made`;
  const parts = [
    counts.synced > 0 && `${counts.synced} synced`,
    counts.failed > 0 && `${counts.failed} failed`,
    counts.deferred > 0 && `${counts.deferred} deferred to the next slot`,
    skipped,
    waitingFor &&
      `waiting for ${definedBudgets[waitingFor.budget].label}, expected at ${clockTime(waitingFor.until)}`,
  ].filter((part) => typeof part === 'string');
  if (parts.length > 0) return parts.join(', ');
  return state === 'running' ? 'just started' : 'nothing due';
}

export const elapsed = ({ startedAt, finishedAt }: Run, now: number): string =>
  duration(Math.max(0, (finishedAt === null ? now : Date.parse(finishedAt)) - Date.parse(startedAt)));
