import { createServer } from 'node:http';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createVirtualClock } from '../clock/index.ts';
import { loadConfig } from '../config/index.ts';
import type { Permit } from '../limiter/index.ts';
import { testLog } from '../testing/index.ts';
import { sharedBackend } from '../testing/backend.ts';
import { openSync, syncVariables } from './open.ts';

describe('a sync that is shut down while connecting to the broker', () => {
  it('aborts a call in flight after its grace period', async () => {
    const backend = await sharedBackend();
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const config = loadConfig(
      {
        NATS_URL: backend.brokerUrl('rider-sync'),
        DATABASE_URL: backend.databaseUrl,
        ZWIFTRACING_BASE_URL: `http://127.0.0.1:${port}`,
        ZWIFTRACING_API_KEY: 'a key',
      },
      syncVariables,
    );
    const clock = createVirtualClock();
    const stopping = new AbortController();
    const context = {
      name: 'rider-sync' as const,
      config,
      clock,
      log: testLog('open-test'),
      signal: stopping.signal,
    };
    const opening = openSync(context, 'rider-sync');
    stopping.abort(new Error('the service stops'));
    const sync = await opening;
    const permit = { id: '1', endpoint: 'riders_single', use() {}, settle() {} };
    const calling = sync.upstream.getRider(permit as unknown as Permit<'riders_single'>, 5);
    await Promise.all([expect(calling).rejects.toThrow('the service stops'), clock.advance(5_000)]);
    await sync.close();
    silent.close();
    await backend.close();
  });
});
