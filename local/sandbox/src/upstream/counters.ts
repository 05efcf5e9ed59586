import type { Policy } from '@paceline/shared/contracts';
import { mapValues } from '@paceline/shared/definition';
import type { BudgetDefinition } from '@paceline/shared/upstreams';
import type { Account } from '../limiter.ts';

/** How many calls of a key count in a window, the last one included. */
export interface Usage extends Policy {
  readonly used: number;
}

/** Imitates the limits of an upstream: every call counts in several windows. */
export type Counters = ReturnType<typeof createCounters>;

export function createCounters(budgets: Readonly<Record<string, BudgetDefinition>>) {
  const counted = new Map<string, readonly number[]>();

  const inWindow = (key: string, budget: string, now: number): readonly number[] => {
    const times = counted.get(`${key} ${budget}`) ?? [];
    const definition = budgets[budget];
    return definition ? times.filter((at) => sharesWindow(definition, at, now)) : times;
  };

  return {
    /** Counts an arrival at `now`. It is rejected by the budgets that are spent, if any. */
    arrive({ key, tier }: Account, names: readonly string[], now: number) {
      const spent = names.filter(
        (name) => inWindow(key, name, now).length >= (budgets[name]?.limits[tier].limit ?? 0),
      );
      for (const name of names) {
        if (spent.length > 0 && budgets[name]?.rejectedCount === false) continue;
        counted.set(`${key} ${name}`, [...inWindow(key, name, now), now]);
      }
      const usage = mapValues(budgets, ({ limits }, name): Usage => ({
        ...limits[tier],
        used: inWindow(key, name, now).length,
      }));
      return { spent, usage };
    },
  };
}

/** Whether a call counts in the window of a later one. */
export function sharesWindow(
  { resets, limits }: BudgetDefinition,
  earlier: number,
  at: number,
  { windowMs }: Policy = limits.standard,
): boolean {
  return resets === 'aligned' ? earlier >= Math.floor(at / windowMs) * windowMs : earlier > at - windowMs;
}
