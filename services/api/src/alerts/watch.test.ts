import { createVirtualClock } from '@paceline/shared/clock';
import type { AlertChanged } from '@paceline/shared/contracts';
import { openDatabase } from '@paceline/shared/database';
import { eventually, testLog } from '@paceline/shared/testing';
import { sharedBackend } from '@paceline/shared/testing/backend';
import { testEvening } from '@paceline/shared/testing/time';
import { loadUpstreams } from '@paceline/shared/upstreams/load';
import { expect, it } from 'vitest';
import type { SystemPart } from '../health/parts.ts';
import { watchAlerts } from './watch.ts';

const { zwiftracing } = loadUpstreams({});
it('an alert about a part does not wait for services that do not answer', async () => {
  const backend = await sharedBackend();
  const database = openDatabase(backend.databaseUrl, () => undefined);
  const silence = Promise.withResolvers<never>();
  let asked = 0;
  const ask = () => {
    asked += 1;
    return silence.promise;
  };
  const published: AlertChanged[] = [];
  const listeners: Array<() => void> = [];
  const noTexts = { title: null, reason: null, advice: null };
  const running = { part: 'event-sync', state: 'up', since: 0, ...noTexts } as const;
  let parts: SystemPart[] = [running];
  const alerts = watchAlerts({
    db: database.db,
    clock: createVirtualClock(testEvening),
    log: testLog('alerts-test'),
    health: { parts: () => parts, onChange: (listener) => void listeners.push(listener) },
    accounts: [
      {
        account: 'key',
        upstream: zwiftracing,
        limiter: { windows: ask, operate: ask, status: ask },
      },
    ],
    scheduler: { schedule: ask, check: ask, change: ask },
    freshness: ask,
    publish: async (alert) => {
      published.push(alert);
      return false;
    },
    sendToChat: undefined,
    url: 'http://paceline.test',
  });
  await eventually(() => expect(asked).toBe(2));
  const title = 'No limiter is running';
  const texts = { title, reason: 'No calls to ZwiftRacing start.', advice: 'Start it.' };
  parts = [running, { part: 'limiter', state: 'down', since: testEvening, ...texts }];
  for (const listener of listeners) listener();
  await eventually(() => expect(published).toMatchObject([{ title, resolvedAt: null }]));
  silence.reject(new Error('the test has ended'));
  await alerts.stop();
  await database.close();
  await backend.close();
});
