import { sandboxClock } from '@paceline/launcher';
import { type Service, services } from '@paceline/shared/contracts';
import { eventually } from '@paceline/shared/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { all, type Run, startTestStack, type TestStack } from './stack.ts';

/** A near slot is over in five seconds. */
const scale = 120;
const patient = { timeoutMs: 90_000 };

let stack: TestStack;
let nextRider = 4_700_000;

beforeAll(async () => {
  stack = await startTestStack(sandboxClock(Date.now(), scale));
});

afterAll(() => stack?.stop());

const runs = (query: string) => all<Run>(stack, `/v1/runs?${query}`);

/** Ends a service's process with SIGKILL and starts it again. */
async function killAndRestart(name: Service): Promise<void> {
  const service = stack.processes.get(name);
  await service?.crash();
  await service?.start();
  await eventually(async () => expect((await fetch(service?.readyUrl ?? '')).ok).toBe(true), patient);
}

async function addRider(): Promise<{ riderId: number; location: string }> {
  nextRider += 1;
  const { headers, status } = await stack.post('/v1/riders', JSON.stringify({ riderId: nextRider }));
  expect(status).toBe(202);
  return { riderId: nextRider, location: headers.get('location') ?? '' };
}

describe('kill -9', () => {
  it.each(services)('of %s loses no command that was accepted', async (name) => {
    const commands = [];
    for (let count = 0; count < 3; count += 1) commands.push(await addRider());
    await killAndRestart(name);
    for (const { riderId, location } of commands) {
      await eventually(
        async () => expect(await stack.get(location)).toMatchObject({ state: 'done' }),
        patient,
      );
      expect(await stack.get(`/v1/riders/${riderId}`)).toMatchObject({ riderId });
    }
  });

  it.each(['event-sync', 'limiter', 'scheduler'] as const)(
    'of %s during a near run: the run is resumed and ends',
    async (name) => {
      const running = await eventually(async () => {
        const [run] = await runs('kind=near&state=running');
        expect(run).toBeDefined();
        return run as Run;
      }, patient);
      await killAndRestart(name);
      await eventually(
        async () => expect(await stack.get(`/v1/runs/${running.id}`)).toMatchObject({ state: 'done' }),
        patient,
      );
    },
  );

  it('never had a slot run twice, a rider stored twice or a call rejected', async () => {
    const slots = (await all<Run>(stack, '/v1/runs')).map(({ slot }) => slot.id);
    expect(new Set(slots).size).toBe(slots.length);
    const riders = (await all<{ riderId: number }>(stack, '/v1/riders')).map(({ riderId }) => riderId);
    expect(new Set(riders).size).toBe(riders.length);
    const { judgements } = await stack.control<{ judgements: Array<{ rejected: number }> }>(
      '/control/judgement',
    );
    expect(judgements.length).toBeGreaterThan(0);
    expect(judgements.filter(({ rejected }) => rejected > 0)).toEqual([]);
  });
});

describe('kill -9 of rider-sync', () => {
  it('during its first run: the run is resumed, and the club is there once the next call is free', async () => {
    const own = await startTestStack(sandboxClock(Date.now(), 720));
    try {
      const riderSync = own.processes.get('rider-sync');
      await eventually(async () => {
        const [run] = (await own.get<{ items: Run[] }>('/v1/runs?kind=rider')).items;
        expect(run).toBeDefined();
      }, patient);
      await riderSync?.crash();
      await riderSync?.start();
      await eventually(async () => {
        const riders = await all<{ riderId: number }>(own, '/v1/riders?clubId=20650');
        expect(riders).toHaveLength(120);
        expect((await own.get<{ items: Run[] }>('/v1/runs?kind=rider&state=running')).items).toEqual([]);
      }, patient);
    } finally {
      await own.stop();
    }
  });
});
