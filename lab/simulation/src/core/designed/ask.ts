import type { Budget, Lane } from '@paceline/shared/definition';
import type { Script } from '../world/script.ts';

/** A call that somebody wants to make. */
export interface Wanted {
  readonly budget: Budget;
  /** As it is by then: an event comes closer to its start while it waits. */
  lane(now: number): Lane;
  /** After this moment it is of no use. */
  readonly until?: number;
  /** What to call when it is time; undefined: nothing any more. */
  choose(): string | undefined;
}

export type End =
  | { readonly is: 'answered'; readonly target: string; readonly arrivedAt: number }
  | { readonly is: 'not worth it' | 'too late' | 'failed' };

/** Waits for a turn, calls, and waits for the answer; repeats what was rejected. */
export type Ask = (wanted: Wanted) => Script<End>;

/** As often a call is made that fails for another reason than a limit. */
export const attempts = 3;
