import { manualMachine } from '@paceline/shared/clock';
import { catalog } from '@paceline/shared/contracts';
import { loadUpstreams } from '@paceline/shared/upstreams/load';
import { checkSettings } from '@paceline/planning/check';
import { expect, it } from 'vitest';
import { settingsFrom } from '../core/testing.ts';
import { openChecker, type CheckRequest } from './schedule-checks.ts';

const request = (
  demand: Partial<CheckRequest['demand']> = {},
  env: Record<string, string> = {},
): CheckRequest => ({
  settings: settingsFrom(env),
  demand: {
    upstream: loadUpstreams({}).zwiftracing,
    tier: 'standard',
    clubs: 1,
    things: {},
    goals: [],
    ...demand,
  },
  now: Date.UTC(2026, 2, 1),
});

/** Slots that are too many to check in the thread of the scheduler. */
const manySlots = { SLOT_NEAR: '* * * * *', SLOT_NEAR_DURATION: '1m' };

it('rounds the times of a goal to whole milliseconds, as the contract requires', async () => {
  const check = await openChecker(manualMachine())(request({ goals: [{ kind: 'near', within: 90_000.5 }] }));
  expect(check.findings.map(({ rule }) => rule)).toContain('goal');
  expect(catalog.checkSchedule.reply.safeParse(check).error?.issues ?? []).toEqual([]);
});

it('skips a waiting check whose requester has timed out', async () => {
  const machine = manualMachine();
  const checker = openChecker(machine, 1_000);
  const both = Promise.allSettled([1, 2].map((near) => checker(request({ things: { near } }, manySlots))));
  while (machine.next() === undefined) await Promise.resolve();
  machine.moveTo(1_000);
  const [slow, waiting] = await both;
  expect(slow).toMatchObject({ status: 'rejected' });
  expect(waiting).toMatchObject({ reason: { message: 'too many schedule checks are waiting' } });
});

it('checks the same schedule once a day', async () => {
  const checker = openChecker(manualMachine());
  const first = checker(request());
  expect(checker({ ...request(), now: request().now + 60_000 })).toBe(first);
  expect(checker({ ...request(), now: request().now + 86_400_000 })).not.toBe(first);
  for (let near = 1; near <= 10; near += 1) await checker(request({ things: { near } }));
  const again = checker(request());
  expect(again).not.toBe(first);
  expect(await again).toEqual(await first);
});

it('checks few slots and many in the same way', async () => {
  const checker = openChecker(manualMachine());
  const { findings } = await checker(request({}, manySlots));
  const { settings, demand, now } = request({}, manySlots);
  const plan = checkSettings(settings, demand, now);
  expect(findings.map(({ message }) => message)).toEqual(plan.findings.map(({ message }) => message));
});
