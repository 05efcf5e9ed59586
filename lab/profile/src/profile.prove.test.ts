import { describe, expect, it } from 'vitest';
import { measureAdds } from './add.ts';
import type { CpuProfile } from './cpu-profile.ts';
import { measureRest } from './rest.ts';

const services = ['scheduler', 'limiter', 'rider-sync', 'event-sync', 'api'];
const ofNode = [...services, 'sandbox'];

/** Processes are measured through /proc. */
const isElsewhere = process.platform !== 'linux';

describe.skipIf(isElsewhere)('the profile of an added rider', () => {
  it('has CPU, statements, messages and garbage of each process', async () => {
    const { done, accepted, cpu, statements, messages, heap, profiles } = await measureAdds(1_000, true);
    expect(Math.min(done.adds, accepted.adds)).toBeGreaterThan(0);
    expect(done.refused + accepted.refused).toBe(0);
    expect(new Set(cpu.of.map(({ name }) => name))).toEqual(
      new Set([...ofNode, 'nats', 'postgres', 'client']),
    );
    expect(cpu.system).toBeGreaterThan(0);
    for (const { of, perAdd, meanwhile } of Object.values(statements)) {
      expect(of.map(({ by }) => by)).toEqual(expect.arrayContaining(['api', 'rider-sync']));
      expect(perAdd).toBeGreaterThan(meanwhile);
    }
    expect(messages.streams.map(({ name }) => name)).toContain('COMMANDS');
    expect(
      heap
        .filter(({ allocated }) => allocated > 0)
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(ofNode.toSorted());
    for (const { cpu } of profiles?.reports.values() ?? [])
      expect((cpu as CpuProfile).samples.length).toBeGreaterThan(0);
  });
});

describe.skipIf(isElsewhere)('the profile at rest', () => {
  it('has CPU and memory of every process of npm start', async () => {
    const { cpu, memory } = await measureRest(2_000);
    const all = [...ofNode, 'nats', 'postgres', 'launcher'].toSorted();
    expect(cpu.of.map(({ name }) => name).toSorted()).toEqual(all);
    expect(
      memory.of
        .filter(({ rss, pss }) => rss >= pss && pss > 0)
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(all);
  });
});
