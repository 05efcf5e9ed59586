import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { manualMachine } from '../clock/index.ts';
import { logReadiness, readinessRoundMs } from './readiness-log.ts';

it('logs why a process is not ready, once and then every minute, and that it is ready again', async () => {
  const machine = manualMachine(0);
  const lines: unknown[] = [];
  const log = {
    warn: (...line: unknown[]) => void lines.push(line),
    info: (...line: unknown[]) => void lines.push(line),
  };
  let reason: string | undefined;
  const checks = {
    broker() {
      if (reason !== undefined) throw new Error(reason);
    },
    database: () => undefined,
  };
  const stop = logReadiness({ checks, machine, log });
  const rounds = async (count: number) => {
    for (let round = 0; round < count; round += 1) {
      await nextTurn();
      machine.moveTo(machine.now() + readinessRoundMs);
      await nextTurn();
    }
  };
  await rounds(2);
  reason = 'Disconnected: connection refused';
  await rounds(1);
  expect(lines).toEqual([]);
  await rounds(1);
  const notReady = [{ failing: { broker: reason } }, 'not ready'];
  expect(lines).toEqual([notReady]);
  await rounds(11);
  expect(lines).toHaveLength(1);
  await rounds(1);
  expect(lines).toEqual([notReady, notReady]);
  reason = undefined;
  await rounds(3);
  expect(lines).toEqual([notReady, notReady, ['ready again']]);
  stop();
});
