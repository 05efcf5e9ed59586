import { createVirtualClock } from '@paceline/shared/clock';
import type { Database } from '@paceline/shared/database';
import { testLog } from '@paceline/shared/testing';
import { expect, it } from 'vitest';
import { downParts } from './rules.ts';
import { unstoredAlerts } from './unstored.ts';

/** Alerts without a database; `publish` answers whether the broker has seen the message, undefined: it does not answer. */
function setUp(publish: () => boolean | undefined = () => undefined) {
  const chat = { messages: [] as string[], accepts: true };
  const alerts = unstoredAlerts({
    db: undefined as unknown as Database,
    clock: createVirtualClock(1_000),
    log: testLog('unstored-test'),
    publish: async () => publish(),
    sendToChat: async (text) => {
      if (!chat.accepts) throw new Error('503');
      chat.messages.push(text);
    },
    url: 'http://paceline.test',
  });
  return { alerts, chat };
}

const down = (...names: Array<'broker' | 'database'>) =>
  downParts(
    names.map((part) => {
      const title = `The ${part} does not answer`;
      return { part, state: 'down', since: 500, title, reason: 'Nothing works.', advice: 'Start it.' };
    }),
  );
const both = down('broker', 'database');

it('parts that go down together are one message in the chat, once', async () => {
  const { alerts, chat } = setUp();
  await Promise.all([alerts.add(both), alerts.add(both)]);
  await alerts.add(both);
  expect(chat.messages).toHaveLength(1);
  expect(chat.messages[0]).toMatch(/The broker does not answer[^]+The database does not answer/);
});

it('an alert that was stored before the database went down is not raised again', async () => {
  const { alerts, chat } = setUp();
  alerts.stored(down('broker'));
  await alerts.add(both);
  expect(chat.messages).toHaveLength(1);
  expect(chat.messages[0]).not.toContain('broker');
  alerts.stored(down());
  await alerts.add(down('broker'));
  expect(chat.messages).toHaveLength(2);
});

it('a message that the chat does not accept is sent again, with the alerts that were raised meanwhile', async () => {
  const { alerts, chat } = setUp();
  chat.accepts = false;
  await alerts.add(down('database'));
  chat.accepts = true;
  await alerts.add(both);
  await alerts.add(both);
  expect(chat.messages).toHaveLength(1);
  expect(chat.messages[0]).toMatch(/The database does not answer[^]+The broker does not answer/);
});

it('an alert that another process has published is not sent', async () => {
  const { alerts, chat } = setUp(() => true);
  await alerts.add(both);
  expect(chat.messages).toEqual([]);
});
