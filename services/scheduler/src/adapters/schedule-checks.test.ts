import { manualMachine } from '@paceline/shared/clock';
import { catalog } from '@paceline/shared/contracts';
import { expect, it } from 'vitest';
import { settingsFrom } from '../core/testing.ts';
import { checkInWorker, type CheckRequest } from './schedule-checks.ts';

const request = (demand: Partial<CheckRequest['demand']> = {}): CheckRequest => ({
  settings: settingsFrom(),
  demand: { tier: 'standard', clubs: 1, things: {}, goals: [], ...demand },
  now: Date.UTC(2026, 2, 1),
});

it('rounds the times of a goal to whole milliseconds, as the contract requires', async () => {
  const check = await checkInWorker(manualMachine())(
    request({ goals: [{ kind: 'near', within: 90_000.5 }] }),
  );
  expect(check.findings.map(({ rule }) => rule)).toContain('goal');
  expect(catalog.checkSchedule.reply.safeParse(check).error?.issues ?? []).toEqual([]);
});

it('skips a waiting check whose requester has timed out', async () => {
  const machine = manualMachine();
  const checker = checkInWorker(machine, 1_000);
  const both = Promise.allSettled([checker(request()), checker(request())]);
  while (machine.next() === undefined) await Promise.resolve();
  machine.moveTo(1_000);
  const [slow, waiting] = await both;
  expect(slow).toMatchObject({ status: 'rejected' });
  expect(waiting).toMatchObject({ reason: { message: 'too many schedule checks are waiting' } });
});
