import { describe, expect, it } from 'vitest';
import type { Run, RunDetail } from '@paceline/client';
import { at, now } from '@paceline/client/testing';
import { layoutWaterfall, runProgress } from './layout.ts';

type Call = RunDetail['calls'][number];
const call = (callId: number, start: number, given: Partial<Call> = {}): Call => ({
  callId,
  budget: 'signups',
  target: '77',
  event: null,
  reason: null,
  freshUntil: null,
  status: 200,
  message: '9 signups',
  startedAt: at(start),
  durationSeconds: 60,
  rawStart: null,
  unreadable: [],
  ...given,
});
const run = (calls: Call[], finishedAt: string | null = at(10)): RunDetail => ({
  runId: 'run',
  kind: 'near',
  mode: 'on',
  state: finishedAt === null ? 'running' : 'done',
  slot: { slotId: 'slot', opensAt: at(0), closesAt: at(10) },
  startedAt: at(0),
  finishedAt,
  counts: { planned: 0, synced: 0, failed: 0, deferred: 0, stored: 0 },
  unreadable: { count: 0, ids: [] },
  waitingFor: null,
  reason: null,
  traceId: null,
  traceUrl: null,
  calls,
});

describe('the waterfall of a run', () => {
  it('shows the wait of each call since the previous one, and its duration', () => {
    const { rows } = layoutWaterfall(run([call(1, 2), call(2, 5)]), now, 1_000);
    expect(rows.map(({ waitX, startX, endX }) => [waitX, startX, endX])).toEqual([
      [0, 200, 300],
      [300, 500, 600],
    ]);
    expect(rows[0]?.y).toBeLessThan(rows[1]?.y ?? 0);
  });

  it('extends to now while the run is unfinished', () => {
    expect(layoutWaterfall(run([], null), now + 240_000, 100).axis.to).toBe(now + 240_000);
  });

  it('shows a call that is shorter than a pixel', () => {
    const [row] = layoutWaterfall(run([call(1, 2, { durationSeconds: 0.001 })]), now, 100).rows;
    expect((row?.endX ?? 0) - (row?.startX ?? 0)).toBe(2);
  });

  it('labels each call with its target and reason, and marks only failed ones', () => {
    const calls = [
      call(1, 1, {
        reason: 'never_fetched',
        freshUntil: at(57),
        event: { title: 'A race', startsAt: at(57) },
      }),
      call(2, 2, { status: 503 }),
      call(3, 3, { status: null, message: 'no response' }),
    ];
    const { rows } = layoutWaterfall(run(calls), now, 1_000);
    expect(rows.map(({ isFailed }) => isFailed)).toEqual([false, true, true]);
    expect(rows[0]?.text).toBe(
      'signups of event A race, no copy yet, fresh until the start · 200, 9 signups',
    );
    expect(rows[2]?.text).toBe('signups of event 77 · no response');
  });
});

it('the progress of a run counts what is synced, failed and deferred', () => {
  const run = (planned: number, synced: number, failed = 0, deferred = 0) =>
    ({ counts: { planned, synced, failed, deferred, stored: 0 } }) as Run;
  expect(runProgress(run(10, 3, 1, 1))).toEqual({ share: 0.5, remaining: 5 });
  expect(runProgress(run(0, 0))).toEqual({ share: 0, remaining: 0 });
  expect(runProgress(run(2, 3))).toEqual({ share: 1, remaining: 0 });
});
