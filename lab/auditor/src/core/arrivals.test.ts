import { describe, expect, it } from 'vitest';
import { budgetOf, createScribe, kindsOf, said } from './testing.ts';

const minute = 60_000;

/** Two calls, a window apart, as the journal has them. */
function twoCalls() {
  const scribe = createScribe();
  scribe.claim();
  scribe.start('a', 0);
  scribe.settle('a', 400);
  scribe.start('b', 400 + minute);
  scribe.settle('b', 800 + minute);
  return scribe;
}

describe('what arrived', () => {
  it('is each one of the calls that were started', () => {
    const scribe = twoCalls();
    const judged = scribe.audit([scribe.arrival(100), scribe.arrival(600 + minute)]);
    expect(judged.certified).toBe(true);
    expect(kindsOf(judged)).toEqual([]);
    expect(budgetOf(judged).arrivals).toMatchObject({
      arrived: 2,
      foreign: 0,
      neverArrived: [],
      fullest: { calls: 1, limit: 1 },
    });
  });

  it('without a started call is somebody else’s', () => {
    const scribe = twoCalls();
    const judged = scribe.audit([scribe.arrival(100), scribe.arrival(20_000), scribe.arrival(600 + minute)]);
    expect(judged.certified).toBe(true);
    expect(budgetOf(judged).arrivals).toMatchObject({ arrived: 2, foreign: 1 });
    expect(said(judged, 'foreign_callers')[0]).toContain('1 arrival without a started call');
  });

  it('on a budget of which the journal never heard is found, too', () => {
    const scribe = twoCalls();
    const judged = scribe.audit([{ ...scribe.arrival(100), budget: 'clubs' }]);
    expect(kindsOf(judged)).toContain('foreign_callers');
  });

  it('goes to the call that had to arrive first, so that as few as possible are somebody else’s', () => {
    const scribe = createScribe('riders_single');
    scribe.claim();
    scribe.start('long', 0);
    scribe.start('short', 10);
    scribe.settle('short', 500);
    const judged = scribe.audit([scribe.arrival(50), scribe.arrival(90_000)]);
    expect(budgetOf(judged).arrivals).toMatchObject({ arrived: 2, foreign: 0 });
  });

  it('may be a little beside its interval, since two clocks never agree', () => {
    const scribe = twoCalls();
    const judged = scribe.audit([scribe.arrival(450), scribe.arrival(600 + minute)]);
    expect(kindsOf(judged)).toEqual(['arrived_beside_interval']);
    expect(said(judged, 'arrived_beside_interval')[0]).toContain('by 0.05 s at the most');
  });

  it('is later by as much as the ledger’s time lies behind, as the broker’s clock tells', () => {
    const behind = 20_000;
    const scribe = createScribe('riders_single');
    scribe.claim();
    scribe.start('sent', 0);
    scribe.settle('sent', 8_000);
    scribe.start('back', 9_000);
    scribe.returned('back', 9_500);
    // By the clock that the sandbox's moments are told by, each entry was stored so much after its own time.
    const storedAt = new Map(
      scribe.entries.map(({ storedAt: at }, index) => [at, [0, 0, 8_000, 9_000, 9_500][index]]),
    );
    const projectTime = (realMs: number) => scribe.at((storedAt.get(realMs) ?? 0) + behind);
    const arrivals = [scribe.arrival(15_000)];
    expect(kindsOf(scribe.audit(arrivals))).toContain('returned_arrived');
    expect(kindsOf(scribe.audit(arrivals, projectTime))).toEqual([]);
    expect(kindsOf(scribe.audit([scribe.arrival(behind + 9_200)], projectTime))).toContain(
      'returned_arrived',
    );
  });

  it('in one window with another is over-full by the sandbox’s own clock', () => {
    const scribe = twoCalls();
    const judged = scribe.audit([scribe.arrival(1_200), scribe.arrival(500 + minute)]);
    expect(judged.certified).toBe(false);
    expect(kindsOf(judged)).toEqual(['arrived_over_full', 'arrived_beside_interval']);
    expect(budgetOf(judged).arrivals?.fullest).toMatchObject({ calls: 2, limit: 1 });
  });

  it('though it was given back as never sent takes the certificate away', () => {
    const scribe = createScribe();
    scribe.claim();
    scribe.start('a', 0);
    scribe.returned('a', 400);
    expect(kindsOf(scribe.audit([scribe.arrival(200)]))).toEqual(['returned_arrived']);
  });

  it('and was rejected unheard is told', () => {
    const scribe = twoCalls();
    const judged = scribe.audit([scribe.arrival(100, 'rejected'), scribe.arrival(600 + minute)]);
    expect(said(judged, 'rejected_unheard')[0]).toContain('under 1 call per minute');
    expect(budgetOf(judged).arrivals?.rejected).toBe(1);
  });

  it('helps to explain a 429', () => {
    const scribe = twoCalls();
    scribe.start('c', 800 + 2 * minute);
    scribe.rejected('c', 900 + 2 * minute, {
      kept: { limit: 1, windowMs: minute },
      until: 3 * minute,
      attribution: 'foreign_caller',
    });
    const arrivals = [100, 600 + minute, 50_000 + minute, 850 + 2 * minute].map((at) => scribe.arrival(at));
    expect(said(scribe.audit(arrivals), 'rejected')[0]).toContain(
      'Upstream enforced 1 call per minute, and 1 foreign call arrived in its window. So somebody else uses the same key',
    );
  });

  it('with a key that no journal knows is told', () => {
    const scribe = twoCalls();
    const stranger = { ...scribe.arrival(100), key: 'ffffffff' };
    expect(said(scribe.audit([stranger]), 'unknown_keys')[0]).toContain('1 call came with keys');
  });
});

describe('a started call', () => {
  it('that never arrived is told, as far as the log tells of its time', () => {
    const scribe = twoCalls();
    scribe.start('c', 800 + 2 * minute);
    const judged = scribe.audit([scribe.arrival(100), { ...scribe.arrival(90_000), budget: null }]);
    expect(budgetOf(judged).arrivals?.neverArrived).toEqual(['43-b']);
    expect(said(judged, 'never_arrived')[0]).toContain('though 1 of them are settled as answered');
  });
});
