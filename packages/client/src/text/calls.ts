import type { Freshness, RunDetail } from '../generated.ts';
import { shortTimeNear } from './time.ts';

export type NextCall = Freshness['nextCalls'][number];

const reasons: Readonly<Record<string, string>> = {
  about_to_start: 'about to start',
  never_fetched: 'no copy yet',
  older_than_goal: 'copy older than the goal',
  soon_older_than_goal: 'copy soon older than the goal',
  others_gain_more: 'others gain more',
} satisfies Record<NextCall['reason'], string>;

/** Why a call was chosen; of a newer API or of a results call: its code as words. */
export const reasonText = (reason: string): string => reasons[reason] ?? reason.replaceAll('_', ' ');

type MadeCall = Pick<RunDetail['calls'][number], 'reason' | 'freshUntil' | 'event'>;

/** `no copy yet, fresh until the start`: why a call was made; null when there was no choice. @param madeAt of the call */
export function whyText({ reason, freshUntil, event }: MadeCall, madeAt: string): string | null {
  if (reason === null || freshUntil === null) return reason && reasonText(reason);
  return `${reasonText(reason)}, fresh until ${endText(freshUntil, event?.startsAt, madeAt)}`;
}

const endText = (freshUntil: string, startsAt: string | undefined, near: string | number): string =>
  startsAt !== undefined && freshUntil >= startsAt ? 'the start' : shortTimeNear(freshUntil, near);

/** `planned for 19:42, fresh until the start (no copy yet)`, or why no call is planned. @param now project ms */
export function planText(call: NextCall, now: number): string {
  const reason = reasonText(call.reason);
  if (!isPlanned(call)) return `no call planned in the next hour: ${reason}`;
  return `planned for ${shortTimeNear(call.plannedAt, now)}, fresh until ${freshEndText(call, now)} (${reason})`;
}

/** A call of the plan. The other next calls are of events that wait without one. */
export interface PlannedCall extends NextCall {
  readonly plannedAt: string;
  readonly freshUntil: string;
}

export const isPlanned = (call: NextCall): call is PlannedCall =>
  call.plannedAt !== null && call.freshUntil !== null;

/** Until when the copy of a planned call is fresh: `the start`, `19:57`. @param now project ms */
export const freshEndText = ({ freshUntil, startsAt }: PlannedCall, now: number): string =>
  endText(freshUntil, startsAt, now);
