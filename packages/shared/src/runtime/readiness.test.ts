import { describe, expect, it } from 'vitest';
import { readiness } from './readiness.ts';

const never = () => new Promise<void>(() => undefined);

describe('readiness', () => {
  it('is there when every check passes, or when there are none', async () => {
    expect(await readiness({ broker: () => undefined, database: async () => undefined })).toEqual({
      ready: true,
      checks: { broker: 'ok', database: 'ok' },
    });
    expect(await readiness({})).toEqual({ ready: true, checks: {} });
  });

  it('names each check that throws or rejects, with its reason', async () => {
    const checks = {
      broker() {
        throw new Error('disconnected');
      },
      database: () => Promise.reject(new Error('no answer from postgres://me:hush@db')),
      limiter: () => Promise.reject('no owner'),
      upstream: () => Promise.reject(new Error('')),
      clock: () => undefined,
    };
    expect(await readiness(checks)).toEqual({
      ready: false,
      checks: {
        broker: 'disconnected',
        database: 'no answer from postgres://***@db',
        limiter: 'no owner',
        upstream: 'not ready',
        clock: 'ok',
      },
    });
  });

  it('does not wait for ever for a check, nor for one after the other', async () => {
    const { ready, checks } = await readiness({ one: never, two: never, three: () => undefined }, 20);
    expect(ready).toBe(false);
    expect(checks).toEqual({
      one: 'did not finish within 20 ms',
      two: 'did not finish within 20 ms',
      three: 'ok',
    });
  });
});
