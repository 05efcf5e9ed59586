import { type Lane, lanes } from '@paceline/shared/definition';
import type { Budget, Command, Run } from './generated.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

const twoDigits = (count: number) => String(count).padStart(2, '0');

/** A wait as it is counted down: `0:07`, `4:12`, `1:04:12`, `2 d 3 h`. Negative ones are over: `0:00`. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / second));
  if (seconds * second >= day)
    return `${Math.floor((seconds * second) / day)} d ${Math.floor(((seconds * second) % day) / hour)} h`;
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  return hours > 0
    ? `${hours}:${twoDigits(minutes)}:${twoDigits(seconds % 60)}`
    : `${minutes}:${twoDigits(seconds % 60)}`;
}

/** A length of time in the largest unit that says it: `45 s`, `15 min`, `2 h`, `1 d`. */
export function duration(ms: number): string {
  if (ms < minute) return `${Math.round(ms / second)} s`;
  if (ms < 2 * hour) return `${rounded(ms / minute)} min`;
  if (ms < 2 * day) return `${rounded(ms / hour)} h`;
  return `${rounded(ms / day)} d`;
}

const rounded = (value: number) => String(Math.round(value * 10) / 10);

/** A moment (ISO 8601, or ms since the epoch) as the API speaks of it, in UTC: `18:34:12`. */
export const clockTime = (moment: string | number): string => new Date(moment).toISOString().slice(11, 19);
/** `18:34` */
export const shortTime = (moment: string | number): string => clockTime(moment).slice(0, 5);

const date = new Intl.DateTimeFormat('en-GB', {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  timeZone: 'UTC',
});
/** `Thu 26 Nov` */
export const dayOf = (moment: string | number): string => date.format(new Date(moment)).replace(',', '');
/** `Thu 26 Nov 18:34:12` */
export const dayAndTime = (moment: string | number): string => `${dayOf(moment)} ${clockTime(moment)}`;

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
  /** `free`: a call may start now; `full`: one is free later; `closed`: nobody may call. */
  readonly state: 'free' | 'full' | 'closed';
  readonly text: string;
  readonly reason?: string;
}

const pauseReasons = {
  upstream: 'upstream asked for it (429)',
  operator: 'an operator did it',
  unknown: 'calls that are not remembered may count',
};

/** Whether a call may start now, and if not, when and why. @param now project ms */
export function availability(budget: Budget, now: number): Availability {
  const [closed] = activePauses(budget, now);
  if (closed) {
    const verb = closed.by === 'unknown' ? 'watched' : 'paused';
    const text = `${verb} for ${countdown(closed.until - now)}`;
    return { state: 'closed', text, reason: pauseReasons[closed.by] };
  }
  const freeAt = budget.freeAt === null ? now : Date.parse(budget.freeAt);
  if (freeAt <= now) return { state: 'free', text: 'free now' };
  return { state: 'full', text: `free in ${countdown(freeAt - now)}` };
}

export function nextInQueue({ waiting }: Budget, open: readonly Command[]): string {
  const [next] = waiting.next;
  if (!next) return 'nobody waits';
  const [command, other] = open.filter(({ estimatedAt }) => estimatedAt === next.estimatedAt);
  const isCertain = lanes[next.lane].sync === undefined && other === undefined;
  const named = isCertain && command?.riderId ? ` ${command.riderId}` : '';
  const more = waiting.count > 1 ? `, ${waiting.count - 1} more after` : '';
  return `next: ${lanes[next.lane].label}${named}${more}`;
}

/** `1 per 60 min` */
export const limitText = ({ limit, windowSeconds }: Budget['documented']): string =>
  `${limit} per ${duration(windowSeconds * 1_000)}`;

export function policyText({ policy, documented }: Budget): string {
  const limit = limitText(policy);
  if (policy.from === 'documented') return `${limit}, as documented`;
  const since = policy.since === null ? '' : ` since ${clockTime(policy.since)}`;
  const by = policy.from === 'upstream' ? 'as upstream says' : 'as an operator set it';
  return `${limit}, ${by}${since} (documented: ${limitText(documented)})`;
}

/** Can I call now, and if not, who goes first: all budgets in one sentence. @param now project ms */
export function summary(budgets: readonly Budget[], now: number): string {
  const free = budgets.filter((budget) => availability(budget, now).state === 'free').length;
  const waiting = budgets.flatMap(({ waiting: { next } }) => next);
  const count = budgets.reduce((sum, each) => sum + each.waiting.count, 0);
  const windows = `${free} of ${budgets.length} windows have a call free now`;
  const first = waiting.toSorted((one, other) => one.estimatedAt.localeCompare(other.estimatedAt))[0];
  if (!first) return `${windows}. Nobody waits.`;
  const when = countdown(Date.parse(first.estimatedAt) - now);
  return `${windows}. ${count} ${count === 1 ? 'waits' : 'wait'}; ${lanes[first.lane].label} goes first, in ${when}.`;
}

export const commandLane: Lane = 'manual_rider_add';

type CommandProgress = Pick<
  Command,
  'state' | 'position' | 'at' | 'until' | 'next' | 'reason' | 'via' | 'riders'
>;

/** How far a command is, never a bare "queued". @param now project ms */
export function progress(command: CommandProgress, now: number): string {
  const moment = (text: string | null) =>
    text === null ? '' : ` (${clockTime(text)}, in ${countdown(Date.parse(text) - now)})`;
  switch (command.state) {
    case 'waiting_in_line':
      return `number ${command.position} in line${moment(command.at)}`;
    case 'waiting_for_window':
      return `waits until a call is free${moment(command.until)}`;
    case 'paused_by_upstream':
      return `upstream has paused us${moment(command.until)}`;
    case 'paused_by_operator':
      return `an operator has paused us${moment(command.until)}`;
    case 'outside_slot':
      return `waits for the next slot${moment(command.next)}`;
    case 'running':
      return command.via === 'bulk' ? 'comes with a bulk call' : 'is being fetched';
    case 'done':
      return command.riders ? 'is done' : 'is here';
    case 'failed':
    case 'expired':
      return command.reason ?? command.state;
  }
}

export const isFailed = ({ state }: Pick<Command, 'state'>): boolean =>
  state === 'failed' || state === 'expired';
export const isFinished = (command: Pick<Command, 'state'>): boolean =>
  command.state === 'done' || isFailed(command);

export function titleOf({ riderId, riders }: Pick<Command, 'riderId' | 'riders'>): string {
  if (riderId !== null) return `Rider ${riderId}`;
  const count = riders ? riders.done + riders.failed + riders.waiting : 0;
  return count === 1 ? '1 rider' : `${count} riders`;
}

export function describeCommand(command: Pick<Command, 'riderId'> & CommandProgress, now: number): string {
  const [title, stands] = [titleOf(command), progress(command, now)];
  if (stands.startsWith(title)) return stands;
  if (command.state === 'waiting_in_line') return `${title} is ${stands}`;
  return /^(failed|expired|paused)/.test(command.state) ? `${title}: ${stands}` : `${title} ${stands}`;
}

export const steps = ['asked', 'waits', 'is fetched', 'is here'] as const;
export const stepOf = ({ state }: Pick<Command, 'state'>): number =>
  state === 'done' ? 3 : state === 'running' ? 2 : 1;

export function outcome({ state, mode, counts, error }: Pick<Run, 'state' | 'mode' | 'counts' | 'error'>) {
  if (error !== null) return error;
  if (mode === 'observed') return `observed only: ${counts.planned} planned, nothing called`;
  const parts = [
    counts.synced > 0 && `${counts.synced} synced`,
    counts.failed > 0 && `${counts.failed} failed`,
    counts.deferred > 0 && `${counts.deferred} left for the next slot`,
  ].filter((part) => part !== false);
  if (parts.length > 0) return parts.join(', ');
  return state === 'running' ? 'has just begun' : 'nothing was due';
}

export const elapsed = ({ startedAt, finishedAt }: Run, now: number): string =>
  duration(Math.max(0, (finishedAt === null ? now : Date.parse(finishedAt)) - Date.parse(startedAt)));

export const withLabels = (text: string): string =>
  text.replaceAll(/[a-z]+(?:_[a-z]+)+/g, (name) => lanes[name as Lane]?.label ?? name);
