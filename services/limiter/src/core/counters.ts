import type { Usage } from '@paceline/shared/contracts';

/*
 * Upstream's counters of a budget. What they count beyond all calls of ours that may have arrived was made by another program
 * with the same key, and the limit that they name can be lower than the documented one. A counter can be wrong in any way, so
 * only what two answers in a row agree on is believed, and only if it leaves less room.
 */

/** What an answer says of a budget, beside what the ledger knows of it. Times are project ms. */
export interface Observed {
  readonly usage: Usage;
  /** The limit in force. */
  readonly limit: number;
  readonly resets: 'sliding' | 'aligned';
  readonly startedAt: number;
  readonly answeredAt: number;
  /** Calls that arrived until then no longer counted when this call started. */
  readonly since: number;
  /** Calls of ours that may have arrived after that. */
  readonly ours: number;
}

/** What the last answer showed that could be believed. */
export interface Reading {
  readonly startedAt: number;
  readonly answeredAt: number;
  readonly used: number;
  readonly foreign: number;
}

export interface Comparison {
  readonly reading: Reading | undefined;
  /** Calls of other programs that the last two answers agree on. */
  readonly confirmed: number;
}

export function compareUsage(last: Reading | undefined, observed: Observed): Comparison {
  const { startedAt, answeredAt, since, ours, limit, resets } = observed;
  const used = usedOf(observed.usage, limit);
  if (used === undefined) return { reading: undefined, confirmed: 0 };
  const reading = { startedAt, answeredAt, used, foreign: Math.max(0, used - ours) };
  const isRecent = last !== undefined && last.startedAt > since;
  if (!isRecent) return { reading, confirmed: 0 };
  // Of two calls under way together, upstream may have answered either one first.
  if (startedAt < last.answeredAt) return { reading: last, confirmed: 0 };
  // Within an aligned window nothing leaves.
  if (resets === 'aligned' && used < last.used) return { reading: undefined, confirmed: 0 };
  return { reading, confirmed: Math.min(reading.foreign, last.foreign) };
}

/** The calls that upstream has counted; undefined for a counter of another limit, or one that contradicts itself. */
function usedOf(usage: Usage, limit: number): number | undefined {
  if (usage.limit !== undefined && usage.limit !== limit) return undefined;
  const counted = countedBy(usage);
  return counted !== undefined && counted <= limit ? counted : undefined;
}

/** Undefined for a counter that contradicts itself. */
function countedBy({ limit, used, remaining }: Usage): number | undefined {
  const left = limit === undefined || remaining === undefined ? undefined : limit - remaining;
  if (used !== undefined && left !== undefined && used !== left) return undefined;
  const counted = used ?? left;
  return counted !== undefined && counted >= 0 ? counted : undefined;
}

/** A limit that an answer's counter names. Times are project ms. */
export interface NamedLimit {
  readonly limit: number;
  readonly startedAt: number;
  readonly answeredAt: number;
}

/** `confirmed`: the limit that the last two answers name. `last`: the answer to compare the next one with. */
export function compareLimit(
  last: NamedLimit | undefined,
  usage: Usage,
  { startedAt, answeredAt }: Pick<NamedLimit, 'startedAt' | 'answeredAt'>,
): { readonly last: NamedLimit | undefined; readonly confirmed: number | undefined } {
  const { limit = 0 } = usage;
  const isUnderWay = last !== undefined && startedAt < last.answeredAt;
  if (limit === 0 || countedBy(usage) === undefined || isUnderWay) return { last, confirmed: undefined };
  return {
    last: { limit, startedAt, answeredAt },
    confirmed: limit === last?.limit ? limit : undefined,
  };
}
