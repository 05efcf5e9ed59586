import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Exit, SpawnedProcess } from '@paceline/embedded';
import { manualMachine } from '@paceline/shared/clock';
import { describe, expect, it } from 'vitest';
import { supervise } from './supervise.ts';

/** A supervised process, with its launches and reports. `dies` ends the running one. */
function setUp({ failures = 0 } = {}) {
  const machine = manualMachine();
  const reported: string[] = [];
  const launched: Array<{ at: number; stopped: boolean; exit(exit: Exit): void }> = [];
  let failing = failures;
  const launch = async (): Promise<SpawnedProcess> => {
    if (launched.length > 0 && failing-- > 0) throw new Error('port 4222 is already in use');
    const exited = Promise.withResolvers<Exit>();
    const own = { at: machine.now(), stopped: false, exit: exited.resolve };
    launched.push(own);
    const end = (signal: NodeJS.Signals) => exited.resolve({ code: null, signal });
    const stop = async () => {
      own.stopped = true;
      end('SIGTERM');
    };
    return { pid: launched.length, exited: exited.promise, kill: end, stop };
  };
  const report = (line: string) => void reported.push(line);
  const process = supervise({ name: 'nats', logFile: '/state/nats.log', launch, report, machine });
  const settle = async () => {
    for (let turn = 0; turn < 5; turn += 1) await nextTurn();
  };
  return {
    machine,
    process,
    reported,
    launched,
    async dies(exit: Exit = { code: null, signal: 'SIGKILL' }) {
      launched.at(-1)?.exit(exit);
      await settle();
    },
    async passes(ms: number) {
      const until = machine.now() + ms;
      while (machine.now() < until) {
        machine.moveTo(until);
        await settle();
      }
    },
  };
}

describe('a supervised process', () => {
  it('that is killed is restarted after a second, and the console says what happened', async () => {
    const { process, reported, launched, dies, passes } = setUp();
    await process.start();
    await dies();
    expect(reported).toEqual(['nats was ended by SIGKILL, restarting (log: /state/nats.log)']);
    await passes(1_000);
    expect(launched.map(({ at }) => at)).toEqual([0, 1_000]);
    expect(reported.at(-1)).toBe('nats is running again');
    expect(process.pid()).toBe(2);
  });

  it('that keeps dying is restarted after growing pauses, until it has run for a minute', async () => {
    const { machine, process, launched, dies, passes } = setUp();
    await process.start();
    const pauses: number[] = [];
    for (let death = 0; death < 7; death += 1) {
      const diedAt = machine.now();
      await dies({ code: 1, signal: null });
      await passes(30_000);
      pauses.push((launched.at(-1)?.at ?? 0) - diedAt);
    }
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    await passes(60_000);
    await dies();
    await passes(1_000);
    expect(launched).toHaveLength(9);
  });

  it('that cannot be restarted is tried again, with the reason', async () => {
    const { process, reported, launched, dies, passes } = setUp({ failures: 2 });
    await process.start();
    await dies();
    await passes(1_000 + 2_000 + 4_000);
    expect(launched.map(({ at }) => at)).toEqual([0, 7_000]);
    const failed =
      'nats could not be restarted, trying again: port 4222 is already in use (log: /state/nats.log)';
    expect(reported.slice(1)).toEqual([failed, failed, 'nats is running again']);
  });

  it('is not restarted after it was stopped, also while it waits for a restart', async () => {
    const { process, launched, reported, dies, passes } = setUp();
    await process.start();
    await dies();
    await process.stop();
    await passes(60_000);
    expect(launched).toHaveLength(1);
    await process.start();
    await process.stop();
    await passes(60_000);
    expect(launched).toHaveLength(2);
    expect(reported).toHaveLength(1);
  });

  it('is launched once when it is started while it waits for a restart', async () => {
    const { process, launched, dies, passes } = setUp();
    await process.start();
    await dies();
    await Promise.all([process.start(), process.start()]);
    await passes(60_000);
    expect(launched).toHaveLength(2);
  });
});
