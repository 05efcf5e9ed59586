import { thisMachine } from '@paceline/shared/clock';
import { catalog } from '@paceline/shared/contracts';
import { type Bus, connect, createBus, request, RequestFailed } from '@paceline/shared/messaging';
import { testLog } from '@paceline/shared/testing';
import { sharedBrokerAccount } from '@paceline/shared/testing/backend';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { subscribe } from './ownership.ts';
import type { Partition } from './partition.ts';

let bus: Bus;
beforeAll(async () => {
  const urlOf = await sharedBrokerAccount();
  bus = createBus(await connect(urlOf('admin'), 'api'), testLog('ownership-test'));
});
afterAll(() => bus?.connection.close());

it('says that the journal is still being read when that takes long', async () => {
  const reading = { status: () => undefined, windows: () => undefined } as unknown as Partition;
  const hurried = {
    ...thisMachine,
    after: (_: number, then: () => void) => thisMachine.after(0, then),
  };
  subscribe(bus, 3, reading, hurried);
  for (const message of [catalog.status, catalog.windows])
    await expect(request(bus, message, { partition: 3 }, { account: 'a' }, 60_000)).rejects.toEqual(
      new RequestFailed('the journal is still being read'),
    );
});
