import { describe, expect, it } from 'vitest';
import { createLogger } from '../telemetry/index.ts';
import { shutDown } from './shutdown.ts';

function recorder() {
  const lines: string[] = [];
  const log = createLogger('test', 'info', { write: (line) => lines.push(JSON.parse(line).msg) });
  const phase = (name: string, run: () => Promise<void> = async () => undefined, limitMs = 60_000) => ({
    name,
    limitMs,
    run: () => {
      lines.push(name);
      return run();
    },
  });
  return { lines, log, phase };
}

describe('shutdown', () => {
  it('runs its phases in order', async () => {
    const { lines, log, phase } = recorder();
    const slow = () =>
      new Promise<void>((resolve) => setImmediate(() => resolve(void lines.push('drained'))));
    expect(await shutDown([phase('drain', slow), phase('close')], log)).toBe(true);
    expect(lines).toEqual(['drain', 'drained', 'close']);
  });

  it('continues after a phase that fails or hangs, and reports that it was not clean', async () => {
    const { lines, log, phase } = recorder();
    const hang = () => new Promise<void>(() => undefined);
    const fail = () => Promise.reject(new Error('still in use'));
    expect(await shutDown([phase('drain', hang, 10), phase('close', fail), phase('flush')], log)).toBe(false);
    expect(lines).toEqual(['drain', 'shutdown: drain failed', 'close', 'shutdown: close failed', 'flush']);
  });
});
