import { windowOf } from '@paceline/shared/testing/fixtures';
import { expect, it } from 'vitest';
import { loadUpstreams } from '@paceline/shared/upstreams/load';
import { queueView } from './view.ts';

const { zwiftracing } = loadUpstreams({});
it('the lanes of a queue add up to its waiting requests, also when not all of them are listed', () => {
  const lanes = [
    { lane: 'far_event_sync' as const, count: 1_199 },
    { lane: 'near_event_urgent' as const, count: 1 },
  ];
  const view = queueView(
    [
      {
        upstream: zwiftracing,
        windows: [windowOf('signups', { waiting: { count: 1_200, lanes, next: [] } })],
      },
    ],
    0,
  );
  expect(view.budgets).toMatchObject([
    {
      waiting: 1_200,
      lanes: [
        { lane: 'near_event_urgent', waiting: 1 },
        { lane: 'far_event_sync', waiting: 1_199 },
      ],
    },
  ]);
});
