import { expect, it } from 'vitest';
import { limitsOf } from '@paceline/shared/upstreams';
import { loadUpstreams } from '@paceline/shared/upstreams/load';
import { crewOf, type Fault, faultKinds } from './fault.ts';
import { planLoad } from './load.ts';
import { plan } from './plan.ts';

const limits = limitsOf(loadUpstreams({}).zwiftracing.budgets, 'standard');
const crew = crewOf('limiter=2,rider-sync=2', 3, limits);
const options = { seed: 7, virtualHours: 4, scale: 120, crew, kinds: faultKinds };
const during = ({ at, lasts }: Fault, time: number) => at <= time && time < at + lasts;

it('a seed gives the same faults at the same times on every machine', () => {
  expect(plan(options)).toEqual(plan({ ...options }));
  expect(planLoad(7, 30_000)).toEqual(planLoad(7, 30_000));
});

it('another seed gives other faults', () => {
  expect(plan(options)).not.toEqual(plan({ ...options, seed: 8 }));
});

it('a plan includes every kind', () => {
  const kinds = new Set(plan(options).map(({ kind }) => kind));
  expect([...kinds].toSorted()).toEqual([...faultKinds].toSorted());
});

it('a plan never breaks a target twice at once, and ends all faults before the end', () => {
  for (let seed = 1; seed <= 50; seed += 1) {
    const faults = plan({ ...options, seed });
    for (const fault of faults) {
      expect(fault.at + fault.lasts).toBeLessThanOrEqual(120_000);
      const others = faults.filter((each) => each !== fault && during(each, fault.at));
      const shared = others.filter(({ targets }) => targets.some((name) => fault.targets.includes(name)));
      expect(shared).toEqual([]);
    }
  }
});

it('a plan for a single broker has no cluster faults', () => {
  const kinds = new Set(plan({ ...options, crew: crewOf('', 1, limits) }).map(({ kind }) => kind));
  expect(kinds).toContain('broker-restart');
  expect(kinds).not.toContain('broker-node-away');
  expect(kinds).not.toContain('broker-quorum-lost');
  expect(kinds).not.toContain('node-replaced');
});

it('process names match the launcher', () => {
  expect(crewOf('limiter=2', 3, limits)).toEqual({
    limits,
    services: ['scheduler', 'limiter', 'limiter-2', 'rider-sync', 'event-sync', 'api'],
    brokers: ['nats-1', 'nats-2', 'nats-3'],
  });
});
