import { setTimeout as sleep } from 'node:timers/promises';
import { auditedBy } from '@paceline/kit/rig';
import { oneEvening, startTestStack, type TestStack } from '@paceline/kit/stack';
import { eventually } from '@paceline/kit/waiting';
import { services } from '@paceline/shared/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Balancer, startBalancer } from './testing/balancer.ts';

let stack: TestStack;
let balancer: Balancer;

beforeAll(async () => {
  const env = { PACELINE_REPLICAS: '2', API_SHUTDOWN_DELAY: '2s' };
  stack = await startTestStack(oneEvening(10), env);
  balancer = await startBalancer(stack.apiUrls);
});
afterAll(async () => {
  await balancer?.close();
  await stack?.stop();
});

const reads = ['/v1/riders', '/v1/events', '/v1/runs', '/v1/coordination', '/v1/schedule', '/v1/freshness'];

/** Sends 50 requests per second through the balancer, one add in every 75, until it is stopped. */
function sendRequests() {
  const failures: string[] = [];
  const accepted: string[] = [];
  const pending = new Set<Promise<void>>();
  let sent = 0;
  const send = async (count: number) => {
    const isAdd = count % 75 === 0;
    const path = isAdd ? '/v1/riders' : (reads[count % reads.length] ?? '');
    const headers = { 'content-type': 'application/json' };
    const add = { method: 'POST', headers, body: JSON.stringify({ riderId: 4_600_000 + count }) };
    try {
      const response = await fetch(balancer.url + path, isAdd ? add : {});
      const text = await response.text();
      if (response.status >= 400) failures.push(`${path}: ${response.status} ${text}`);
      else if (isAdd) accepted.push(response.headers.get('location') ?? '');
    } catch (error) {
      failures.push(`${path}: ${String((error as Error).cause ?? error)}`);
    }
  };
  const timer = setInterval(() => {
    const sending = send((sent += 1)).finally(() => pending.delete(sending));
    pending.add(sending);
  }, 20);
  return {
    failures,
    accepted,
    sent: () => sent,
    async stop() {
      clearInterval(timer);
      await Promise.all(pending);
    },
  };
}

async function restart(name: string): Promise<void> {
  const service = stack.processes.get(name);
  if (!service) throw new Error(`no process ${name}`);
  await service.stop();
  await service.start();
  await eventually(async () => expect((await fetch(service.readyUrl)).status).toBe(200));
  await eventually(() => expect(balancer.ready()).toHaveLength(stack.apiUrls.length));
}

describe('a rolling restart of every process', () => {
  it('refuses no request and loses no command', async () => {
    const load = sendRequests();
    for (const name of services.flatMap((service) => [service, `${service}-2`])) {
      await restart(name);
      // Until the next one, as a deployment waits.
      await sleep(1_000);
    }
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(load.sent()).toBeGreaterThan(500);
    expect(load.accepted.length).toBeGreaterThan(5);
    for (const location of load.accepted)
      await eventually(async () => expect(await stack.get(location)).toMatchObject({ state: 'done' }));
    const { certified, report } = await auditedBy(stack.broker.urlFor('limiter'), stack.sandboxUrl ?? '');
    expect(certified, report).toBe(true);
  });
});
