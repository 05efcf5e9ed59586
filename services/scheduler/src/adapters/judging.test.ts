import { manualMachine } from '@paceline/shared/clock';
import { catalog } from '@paceline/shared/contracts';
import { expect, it } from 'vitest';
import { settingsBy } from '../core/testing.ts';
import { judgeApart, type JudgeRequest } from './judging.ts';

const judgement = (demand: Partial<JudgeRequest['demand']> = {}): JudgeRequest => ({
  settings: settingsBy(),
  demand: { tier: 'standard', clubs: 1, things: {}, promises: [], ...demand },
  now: Date.UTC(2026, 2, 1),
});

it('a promise of fractions of a millisecond is judged in whole ones, as the contract wants it', async () => {
  const judged = await judgeApart(manualMachine())(
    judgement({ promises: [{ kind: 'near', within: 90_000.5 }] }),
  );
  expect(judged.findings.map(({ rule }) => rule)).toContain('promise');
  expect(catalog.checkSchedule.reply.safeParse(judged).error?.issues ?? []).toEqual([]);
});

it('a schedule for which nobody waits any more keeps none behind it from being judged', async () => {
  const machine = manualMachine();
  const judge = judgeApart(machine, 1_000);
  const both = Promise.allSettled([judge(judgement()), judge(judgement())]);
  while (machine.next() === undefined) await Promise.resolve();
  machine.moveTo(1_000);
  const [takesLong, waitsLong] = await both;
  expect(takesLong).toMatchObject({ status: 'rejected' });
  expect(waitsLong).toMatchObject({ reason: { message: 'too many schedules are judged already' } });
});
