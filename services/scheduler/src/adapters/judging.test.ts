import { catalog } from '@paceline/shared/contracts';
import { expect, it } from 'vitest';
import { settingsBy } from '../core/testing.ts';
import { judgeApart } from './judging.ts';

it('a schedule of slots that last for fractions of a millisecond is judged as the contract wants it', async () => {
  const usual = settingsBy();
  const near = { ...usual.kinds.near, durationMs: 3_600_000.5 };
  const judged = await judgeApart()({
    settings: { ...usual, kinds: { ...usual.kinds, near } },
    demand: { tier: 'standard', clubs: 1, things: {}, promises: [] },
    now: 0,
  });
  expect(judged.findings.map(({ rule }) => rule)).toContain('overrun');
  expect(catalog.judgeSchedule.reply.safeParse(judged).error?.issues ?? []).toEqual([]);
});
