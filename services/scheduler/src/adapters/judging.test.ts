import { catalog } from '@paceline/shared/contracts';
import { expect, it } from 'vitest';
import { settingsBy } from '../core/testing.ts';
import { judgeApart } from './judging.ts';

it('a promise of fractions of a millisecond is judged in whole ones, as the contract wants it', async () => {
  const judged = await judgeApart()({
    settings: settingsBy(),
    demand: { tier: 'standard', clubs: 1, things: {}, promises: [{ kind: 'near', within: 90_000.5 }] },
    now: Date.UTC(2026, 2, 1),
  });
  expect(judged.findings.map(({ rule }) => rule)).toContain('promise');
  expect(catalog.judgeSchedule.reply.safeParse(judged).error?.issues ?? []).toEqual([]);
});
