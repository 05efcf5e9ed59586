import { describe, expect, it } from 'vitest';
import { cpuPerUnit, runLoad, together } from './load.ts';
import { cpuBetween } from './processes.ts';

describe('a load', () => {
  it('keeps a number of requests in flight until its time is over', async () => {
    let inFlight = 0;
    let most = 0;
    let made = 0;
    const once = async () => {
      inFlight += 1;
      most = Math.max(most, inFlight);
      await Promise.resolve();
      inFlight -= 1;
      made += 1;
      return made % 2;
    };
    const result = await runLoad([], { inFlight: 3, lasts: 5, once });
    expect(most).toBe(3);
    expect(result.completed + result.refused).toBe(made);
    expect(result.took).toHaveLength(result.completed);
  });
});

describe('loads together', () => {
  const load = (completed: number, api: number, nats: number) => ({
    completed,
    refused: 1,
    ms: 1_000,
    perSecond: completed,
    took: [completed],
    cpu: cpuBetween(
      { at: 0, of: new Map(), machine: 0 },
      {
        at: 1_000,
        of: new Map([
          ['api', api],
          ['nats', nats],
        ]),
        machine: 100,
      },
    ),
  });

  it('add up, and order processes by what they used in all', () => {
    expect(together([load(10, 30, 20), load(30, 10, 60)])).toEqual({
      completed: 40,
      refused: 2,
      ms: 2_000,
      perSecond: 20,
      took: [10, 30],
      cpu: {
        ms: 2_000,
        of: [
          ['nats', 80],
          ['api', 40],
        ],
        ours: 120,
        others: 80,
      },
    });
  });
});

describe('CPU time', () => {
  const at = (time: number, client: number, api: number, sandbox: number, machine: number) => ({
    at: time,
    of: new Map([
      ['client', client],
      ['api', api],
      ['sandbox', sandbox],
    ]),
    machine,
  });

  it('is that of each process between two samples, and of others on the machine', () => {
    expect(cpuBetween(at(0, 5, 100, 50, 1_000), at(2_000, 15, 160, 70, 1_200))).toEqual({
      ms: 2_000,
      of: [
        ['api', 60],
        ['sandbox', 20],
        ['client', 10],
      ],
      ours: 90,
      others: 110,
    });
  });

  it('is per unit of work that of the system, with its sandbox, and with the load generator', () => {
    const cpu = cpuBetween(at(0, 0, 0, 0, 0), at(1_000, 10, 60, 20, 100));
    const { system, withSandbox, all } = cpuPerUnit({ cpu, completed: 10 });
    expect({ system, withSandbox, all }).toEqual({ system: 6, withSandbox: 8, all: 9 });
  });
});
