import { expect, it } from 'vitest';
import { at, now } from '../testing/examples.ts';
import { planText, whyText } from '../text.ts';

it('a planned call says when it is made and until when its copy is fresh', () => {
  const call = { reason: 'never_fetched', startsAt: at(40) } as Parameters<typeof planText>[0];
  expect(planText({ ...call, plannedAt: at(12), freshUntil: at(40) }, now)).toBe(
    'planned for 18:42, fresh until the start (no copy yet)',
  );
  expect(planText({ ...call, plannedAt: at(12), freshUntil: at(27) }, now)).toBe(
    'planned for 18:42, fresh until 18:57 (no copy yet)',
  );
});

it('an event that waits says why it has no call', () => {
  const call = { startsAt: at(40), plannedAt: null, freshUntil: null } as Parameters<typeof planText>[0];
  expect(planText({ ...call, reason: 'others_gain_more' }, now)).toBe(
    'no call planned in the next hour: others gain more',
  );
});

it('a call that was made says why, and until when its copy is fresh', () => {
  const call = { reason: 'never_fetched', freshUntil: at(57), event: { title: 'A race', startsAt: at(80) } };
  expect(whyText(call, at(0))).toBe('no copy yet, fresh until 19:27');
  expect(whyText({ ...call, freshUntil: at(80) }, at(0))).toBe('no copy yet, fresh until the start');
  expect(whyText({ ...call, reason: 'no_results_yet', freshUntil: null }, at(0))).toBe('no results yet');
  expect(whyText({ ...call, reason: null, freshUntil: null }, at(0))).toBe(null);
});
