import type { Alert, Part } from '@paceline/client';
import { at } from '@paceline/client/testing';
import { expect, it } from 'vitest';
import { problemsOf, quietSince } from './problems.ts';

const alert = (given: Partial<Alert>): Alert => ({
  alertId: 'a',
  type: 'long_queue',
  severity: 'warning',
  title: 'Long queue',
  reason: '',
  advice: '',
  since: at(-5),
  raisedAt: at(-5),
  resolvedAt: null,
  ...given,
});
const part = (given: Partial<Part>): Part => ({
  part: 'limiter',
  state: 'up',
  since: at(-60),
  title: null,
  reason: null,
  advice: null,
  ...given,
});

it('open alerts are problems, errors first, and so is a part that is down before its alert is open', () => {
  const alerts = [
    alert({ alertId: 'old', resolvedAt: at(-1) }),
    alert({ alertId: 'long' }),
    alert({ alertId: 'down', type: 'part_down', severity: 'error', title: 'No scheduler is running' }),
  ];
  const parts = [
    part({}),
    part({ part: 'scheduler', state: 'down', title: 'No scheduler is running' }),
    part({ part: 'limiter', state: 'down', title: 'No limiter is running' }),
  ];
  expect(problemsOf(alerts, parts).map(({ key }) => key)).toEqual(['limiter', 'down', 'long']);
  expect(problemsOf([], [part({})])).toEqual([]);
});

it('nothing is wrong since the last alert ended or the last part started', () => {
  expect(quietSince([alert({ resolvedAt: at(-9) }), alert({ resolvedAt: at(-20) })], [part({})])).toBe(
    at(-9),
  );
  expect(quietSince([alert({ resolvedAt: at(-90) })], [part({})])).toBe(at(-60));
  expect(quietSince([], [part({ since: null, state: 'unknown' })])).toBe(null);
});
