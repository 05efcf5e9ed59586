import { auditedBy } from '@paceline/kit/rig';
import { oneEvening, startTestStack, type TestStack } from '@paceline/kit/stack';
import { eventually } from '@paceline/kit/waiting';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** Ten hours of project time in two real minutes. */
const scale = 300;
const hourMs = 3_600_000;
const hours = 10;
/** No window that upstream could enforce is longer than this, or than the known one. */
const longestPauseMs = hourMs;
/** Project ms: a pause starts at the answer, and this process reads it later. */
const toleranceMs = 120_000;

/** Every form in which upstream has been seen to name a time. */
const waitForms = [
  'seconds',
  'seconds-with-unit',
  'seconds-twice',
  'milliseconds',
  'date',
  'unix-time',
  'unix-time-ms',
  'reset-unix-time',
  'body-snake-case',
  'absurd',
  'none',
];

const clubId = 20_650;
/**
 * What upstream does wrong in an hour. The clubs answer only once an hour, so theirs are spread over the hours; lists that
 * lack members don't follow each other, because the second would be believed.
 */
const clubFaults = ['empty-list', 'truncated', 'html', 'wrong-types', 'data-null', 'short-list'];
const hourlyFaults = [
  { budget: 'events', kind: 'short-list' },
  { budget: 'events', kind: 'html', status: 200 },
  { budget: 'signups', kind: 'server-error', status: 503, retryAfter: 90 },
  { budget: 'signups', kind: 'empty-list' },
  { budget: 'signups', kind: 'html', status: 403 },
  { budget: 'riders_single', kind: 'not-found-message' },
  { budget: 'riders_single', kind: 'reset' },
];

let stack: TestStack;

beforeAll(async () => {
  stack = await startTestStack(oneEvening(scale), {
    SANDBOX_JITTER_MS: '0-200',
    // A looser limit for the whole API, in the headers of every answer.
    SANDBOX_ADVERTISES: '3000;w=900',
    SANDBOX_QUIRKS: 'escaped-names,nameless-riders,unreadable-riders,unrated-races',
    SYNC_RESULTS: 'on',
  });
});

afterAll(() => stack?.stop());

async function steer(path: string, body: unknown): Promise<void> {
  const response = await fetch(`${stack.sandboxUrl}/control/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(response.status, await response.text()).toBeLessThan(300);
}

/** Starts a pass over the clubs unless one runs, so that every hour's call is made, whatever the schedule says. */
async function startClubPass(): Promise<void> {
  expect((await stack.post('/v1/syncs/rider/trigger', '')).status).toBe(202);
}

const membersStored = async () => (await stack.api.call('GET /v1/riders', { query: { clubId } })).total;

const now = async () => (await stack.control<{ now: number }>('/control/world')).now;

/** Project ms that each budget is paused by upstream beyond the longest plausible window. */
async function excessivePauses(): Promise<string[]> {
  const { items } = await stack.api.call('GET /v1/budgets');
  const at = await now();
  return items.flatMap(({ budget, pausedUntil, policy }) => {
    const pauseMs = pausedUntil.upstream === null ? 0 : Date.parse(pausedUntil.upstream) - at;
    const longest = Math.max(longestPauseMs, policy.windowSeconds * 1_000) + toleranceMs;
    return pauseMs > longest ? [`${budget} for ${Math.round(pauseMs / 1_000)} s`] : [];
  });
}

describe('ten hours of an upstream that does everything wrong', () => {
  it('cause no 429 of ours, close no budget beyond its window, remove no member and lose nothing', async () => {
    await startClubPass();
    await eventually(async () => expect(await membersStored()).toBeGreaterThan(100));
    const membersBefore = await membersStored();
    const startedAt = await now();
    const commands: string[] = [];
    const paused: string[] = [];
    let hour = -1;
    await eventually(async () => {
      const elapsed = (await now()) - startedAt;
      if (Math.floor(elapsed / hourMs) > hour && elapsed < (hours - 1) * hourMs) {
        hour += 1;
        await steer('dialect', { retryAfter: waitForms[hour % waitForms.length] });
        const clubFault = clubFaults[hour];
        if (clubFault) await steer('faults', { budget: 'clubs', kind: clubFault });
        for (const fault of hourlyFaults) await steer('faults', fault);
        // Stricter than documented for an hour: upstream rejects, and its 429 names the time in this hour's form.
        const signups = hour % 3 === 1 ? { limit: 1, windowMs: 150_000 } : null;
        await steer('policies', { signups });
      }
      await startClubPass();
      const riderId = 4_900_000 + commands.length;
      const { status, body } = await stack.post('/v1/riders', JSON.stringify({ riderId }));
      if (status === 202) commands.push(String(body['commandId']));
      paused.push(...(await excessivePauses()));
      expect(elapsed).toBeGreaterThan(hours * hourMs);
    });
    expect(paused).toEqual([]);

    // Nothing lost: every command ends, done or with a reason.
    await eventually(async () => {
      const open = (await stack.api.all('GET /v1/commands')).filter(({ finishedAt }) => finishedAt === null);
      expect(open).toEqual([]);
    });
    const ended = await stack.api.all('GET /v1/commands');
    expect(ended.map(({ commandId }) => commandId)).toEqual(expect.arrayContaining(commands));
    expect(ended.filter(({ state, reason }) => state !== 'done' && !reason)).toEqual([]);

    // No 429 of ours: each is explained by the change of the limit.
    const { items: budgets } = await stack.api.call('GET /v1/budgets');
    expect(budgets.filter(({ lastRejected }) => lastRejected?.attribution === 'ours')).toEqual([]);
    const { judgements } = await stack.control<{ judgements: Array<{ budget: string; rejected: number }> }>(
      '/control/judgement',
    );
    const rejected = judgements.filter((each) => each.rejected > 0).map(({ budget }) => budget);
    expect(rejected.filter((budget) => budget !== 'signups')).toEqual([]);
    const { certified, report } = await auditedBy(stack.broker.urlFor('limiter'), stack.sandboxUrl ?? '');
    expect(certified, report).toBe(true);

    // No member removed, after an answer of each broken kind.
    await eventually(async () => {
      await startClubPass();
      const { items: clubCalls } = await stack.api.call('GET /v1/permits', { query: { budget: 'clubs' } });
      expect(clubCalls.length).toBeGreaterThan(clubFaults.length);
    });
    expect(await membersStored()).toBeGreaterThanOrEqual(membersBefore);

    // Every skip is named, with its run.
    const runs = await stack.api.all('GET /v1/runs');
    const skipping = runs.filter(({ unreadable }) => unreadable.count > 0);
    expect(skipping.length).toBeGreaterThan(0);
    expect(skipping.filter(({ unreadable }) => unreadable.ids.length === 0)).toEqual([]);
    // Failed work is called failed.
    const failing = runs.filter(({ counts }) => counts.failed > 0);
    expect(failing.length).toBeGreaterThan(0);
    expect(failing.filter(({ state }) => state === 'done')).toEqual([]);
    const sources = await stack.api.call('GET /v1/sources');
    expect(sources.items.filter(({ state }) => state === 'unavailable')).toEqual([]);
  });
});
