import type { Clock } from '@paceline/shared/clock';
import { callTimeout } from '@paceline/shared/config';
import {
  budgets,
  lanes,
  limitsOf,
  mapValues,
  slotHeadStartMs,
  type Tier,
  windowMarginMs,
} from '@paceline/shared/definition';
import type { Settings } from './settings.ts';

/** Times of the machine, in real ms: they bound processes and networks, not upstream. */
const machine = {
  startWithin: 2_000,
  sendWithin: 2_000,
  guard: 2_000,
  promiseSlack: 500,
};

/** The limiter's settings for a tier, with the machine's times converted to the clock's. */
export const defaultSettings = (tier: Tier, clock: Clock): Settings => ({
  policies: limitsOf(tier),
  reserve: mapValues(budgets, ({ reserve }) => reserve),
  headStart: mapValues(lanes, ({ headStartMs }) => headStartMs),
  slotHeadStart: slotHeadStartMs,
  epsilon: windowMarginMs,
  startWithin: Math.ceil(clock.fromMachine(machine.startWithin)),
  sendWithin: Math.ceil(clock.fromMachine(machine.sendWithin)),
  guard: Math.ceil(clock.fromMachine(machine.guard)),
  clockLag: 0,
  probeSpread: 1_000,
  typicalCall: mapValues(budgets, ({ usualMs }) => usualMs),
  callTimeout: mapValues(budgets, (_, name) => callTimeout(name, clock)),
  promiseSlack: 1_000 + Math.ceil(clock.fromMachine(machine.promiseSlack)),
  askAgainIn: 1_500,
  askers: 3_000,
  missesAllowed: 4,
  scale: clock.scale,
});
