import { describe, expect, it } from 'vitest';
import {
  type HealthState,
  initialHealth,
  type PartName,
  presenceReceived,
  type Round,
  roundEnded,
} from './model.ts';

const up: Round = { broker: { state: 'up' }, database: { state: 'up' }, upstream: { state: 'unknown' } };
const down = { state: 'down', reason: 'no answer' } as const;
const process = { process: 'a', failing: [], leaving: false };

/** Runs rounds one second apart. Each service in `present` announces itself before every round. */
function observe({
  from = initialHealth,
  rounds,
  present = [],
  round = up,
  at = 0,
}: {
  from?: HealthState;
  rounds: number;
  present?: ReadonlyArray<'limiter' | 'rider-sync'>;
  round?: Round;
  at?: number;
}): HealthState {
  return Array.from({ length: rounds }, (_, index) => at + index * 1_000).reduce((health, now) => {
    const heard = present.reduce((state, service) => presenceReceived(state, service, process, now), health);
    return roundEnded(heard, round, now);
  }, from);
}

const stateOf = ({ readings }: HealthState, name: PartName) => {
  const { state, sinceAt } = readings.find(({ part }) => part === name) ?? {};
  return { state, sinceAt };
};

describe('health of a server', () => {
  it('is up since its first answer, and down since its last one', () => {
    const healthy = observe({ rounds: 5 });
    expect(stateOf(healthy, 'database')).toEqual({ state: 'up', sinceAt: 0 });
    const broken = observe({ from: healthy, rounds: 2, round: { ...up, database: down }, at: 5_000 });
    expect(stateOf(broken, 'database')).toEqual({ state: 'down', sinceAt: 4_000 });
    expect(stateOf(observe({ from: broken, rounds: 1, at: 9_000 }), 'database')).toEqual({
      state: 'up',
      sinceAt: 9_000,
    });
  });

  it('is unknown until a connection can have been made', () => {
    const round = { ...up, broker: down };
    expect(stateOf(observe({ rounds: 2, round }), 'broker').state).toBe('unknown');
    expect(stateOf(observe({ rounds: 3, round }), 'broker').state).toBe('down');
  });
});

describe('health of a service', () => {
  it('is up while a process announces itself, and down after three silent rounds', () => {
    const running = observe({ rounds: 3, present: ['limiter'] });
    expect(stateOf(running, 'limiter')).toEqual({ state: 'up', sinceAt: 0 });
    const silent = (rounds: number) => stateOf(observe({ from: running, rounds, at: 3_000 }), 'limiter');
    expect(silent(1).state).toBe('up');
    expect(silent(3)).toEqual({ state: 'down', sinceAt: 2_000 });
  });

  it('is down as soon as its last process leaves', () => {
    const running = observe({ rounds: 1, present: ['rider-sync'] });
    const left = presenceReceived(running, 'rider-sync', { ...process, leaving: true }, 500);
    expect(stateOf(left, 'rider-sync')).toEqual({ state: 'down', sinceAt: 500 });
    const two = presenceReceived(running, 'rider-sync', { ...process, process: 'b' }, 500);
    const other = presenceReceived(two, 'rider-sync', { ...process, leaving: true }, 600);
    expect(stateOf(other, 'rider-sync').state).toBe('up');
  });

  it('is unknown without the broker, and until it can have come back with it', () => {
    const running = observe({ rounds: 3, present: ['limiter'] });
    const cut = observe({ from: running, rounds: 9, round: { ...up, broker: down }, at: 3_000 });
    expect(stateOf(cut, 'limiter')).toEqual({ state: 'unknown', sinceAt: null });
    expect(stateOf(observe({ from: cut, rounds: 2, at: 12_000 }), 'limiter').state).toBe('unknown');
    expect(stateOf(observe({ from: cut, rounds: 3, at: 12_000 }), 'limiter')).toEqual({
      state: 'down',
      sinceAt: 2_000,
    });
  });

  it('has time to start when it has never been seen', () => {
    expect(stateOf(observe({ rounds: 9 }), 'limiter').state).toBe('unknown');
    expect(stateOf(observe({ rounds: 10 }), 'limiter').state).toBe('down');
  });

  it('is down while its only process stays unready, but not because of a server that is down for all', () => {
    const failing = [{ check: 'database', reason: 'no answer' }];
    const unready = (round: Round, rounds: number) => {
      let health = observe({ rounds: 1, present: ['rider-sync'] });
      for (let index = 1; index <= rounds; index += 1) {
        health = presenceReceived(health, 'rider-sync', { ...process, failing }, index * 1_000);
        health = roundEnded(health, round, index * 1_000);
      }
      return stateOf(health, 'rider-sync').state;
    };
    expect(unready(up, 1)).toBe('up');
    expect(unready(up, 3)).toBe('down');
    expect(unready({ ...up, database: down }, 3)).toBe('up');
  });
});
