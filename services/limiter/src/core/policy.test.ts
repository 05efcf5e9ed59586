import { describe, expect, it } from 'vitest';
import { createDesk, settings } from './testing.ts';

const minute = 60_000;
const learns = (limit: number, windowMs: number, status = 200) =>
  ({ result: 'answered', status, learned: { limit, windowMs } }) as const;
const changes = (desk: ReturnType<typeof createDesk>) =>
  desk.facts.flatMap((fact) => (fact.fact === 'policy_changed' ? [fact.policy] : []));

describe('a policy', () => {
  it('is learned from any answer that names it, also from one that was let in', () => {
    const desk = createDesk('signups');
    desk.call('a', {}, learns(1, 10 * minute));
    desk.pass(9 * minute);
    expect(desk.acquire('b').answer).toBe('waiting');
    desk.pass(2 * minute);
    expect(desk.acquire('b').answer).toBe('granted');
  });

  it('gets looser only by upstream’s own word', () => {
    const desk = createDesk('clubs');
    desk.call('a', {}, learns(1, 10 * minute));
    desk.pass(10 * minute + settings.epsilon);
    expect(desk.acquire('b').answer).toBe('granted');
  });

  it('that is kept already is no news', () => {
    const desk = createDesk('signups');
    desk.call('a', {}, learns(1, minute));
    expect(changes(desk)).toEqual([]);
  });

  it('of an operator’s gets no looser by upstream’s word, but stricter', () => {
    const desk = createDesk('riders_single');
    const place = { account: 'team', endpoint: 'riders_single' } as const;
    desk.operate({ do: 'set_policy', ...place, policy: { limit: 3, windowMs: 2 * minute } });
    desk.pass(5 * minute);
    desk.call('a', {}, learns(10, minute));
    expect(changes(desk)).toHaveLength(1);
    desk.call('b', {}, learns(2, minute));
    expect(changes(desk).at(-1)).toEqual({ limit: 2, windowMs: 2 * minute });
  });

  it('with a longer window is watched for its whole length before anybody goes: what was called before is forgotten', () => {
    const desk = createDesk('riders_single');
    desk.call('old');
    desk.pass(5 * minute);
    desk.call('a', {}, learns(5, 10 * minute));
    // What was called more than a minute ago may count for nine more.
    desk.pass(9 * minute);
    expect(desk.acquire('b').answer).toBe('waiting');
    desk.pass(settings.epsilon);
    expect(desk.acquire('b').answer).toBe('granted');
  });

  it('that gets longer twice is watched for all of it: what is unknown stays unknown for longer', () => {
    const desk = createDesk('riders_single');
    const place = { account: 'team', endpoint: 'riders_single' } as const;
    desk.operate({ do: 'set_policy', ...place, policy: { limit: 1, windowMs: 2 * minute } });
    desk.operate({ do: 'set_policy', ...place, policy: { limit: 1, windowMs: 3 * minute } });
    desk.pass(2 * minute);
    expect(desk.acquire('a').answer).toBe('waiting');
    desk.pass(settings.epsilon);
    expect(desk.acquire('a').answer).toBe('granted');
  });

  it('that gets shorter again makes nobody wait for the longer one', () => {
    const desk = createDesk('signups');
    const place = { account: 'team', endpoint: 'signups' } as const;
    desk.operate({ do: 'set_policy', ...place, policy: { limit: 1, windowMs: 24 * 60 * minute } });
    desk.pass(5_000);
    desk.operate({ do: 'set_policy', ...place, policy: { limit: 1, windowMs: minute } });
    desk.pass(settings.epsilon);
    expect(desk.acquire('a').answer).toBe('granted');
  });

  it('that is unknown and gets shorter is watched for what may still count by the shorter one', () => {
    const desk = createDesk('signups');
    const place = { account: 'team', endpoint: 'signups' } as const;
    desk.operate({ do: 'set_policy', ...place, policy: { limit: 1, windowMs: 10 * minute } });
    desk.operate({ do: 'set_policy', ...place, policy: { limit: 1, windowMs: 4 * minute } });
    desk.pass(3 * minute);
    expect(desk.acquire('a').answer).toBe('waiting');
    desk.pass(settings.epsilon);
    expect(desk.acquire('a').answer).toBe('granted');
  });

  it('is not made looser by what comes late: an answer to a call that started before it was named', () => {
    const desk = createDesk('riders_single');
    const [early, late] = ['early', 'late'].map((ticket) => desk.acquire(ticket, { start: true }));
    if (early?.answer !== 'started' || late?.answer !== 'started') throw new Error('no permit');
    desk.settle(late.permit, { ...learns(1, 10 * minute, 429), retryAfterMs: minute });
    desk.settle(early.permit, learns(10, minute));
    desk.settle('1-99-long gone', learns(10, minute));
    expect(changes(desk)).toEqual([{ limit: 1, windowMs: 10 * minute }]);
  });

  it('with more places than anybody could remember is cut to what can be', () => {
    const desk = createDesk('signups');
    desk.call('a', {}, learns(1e9, minute));
    expect(changes(desk)).toEqual([{ limit: 1_000, windowMs: minute }]);
  });
});

describe('a 429', () => {
  const attributionOf = (desk: ReturnType<typeof createDesk>) =>
    desk.facts.flatMap((fact) => (fact.fact === 'rejected' ? [fact.attribution] : [])).at(-1);
  const no = { result: 'answered', status: 429, retryAfterMs: minute } as const;

  it('that names a stricter policy is the policy’s', () => {
    const desk = createDesk('riders_single');
    desk.call('a', {}, { ...no, learned: { limit: 1, windowMs: 10 * minute } });
    expect(attributionOf(desk)).toBe('policy_changed');
  });

  it('with room in the window that we kept is somebody else’s', () => {
    const desk = createDesk('riders_single');
    desk.call('a');
    desk.call('b', {}, no);
    expect(attributionOf(desk)).toBe('foreign_caller');
  });

  it('that comes a window late is not ours for what was called since', () => {
    const desk = createDesk('riders_single');
    const slow = desk.acquire('slow');
    if (slow.answer !== 'granted') throw new Error('no permit');
    desk.start(slow.permit);
    desk.pass(2 * minute);
    for (const ticket of ['a', 'b', 'c', 'd']) desk.call(ticket);
    desk.pass(2 * minute);
    for (const ticket of ['e', 'f', 'g', 'h']) desk.call(ticket);
    desk.settle(slow.permit, no);
    expect(attributionOf(desk)).toBe('foreign_caller');
  });

  it('shortly after a call whose end was never heard of is that one’s', () => {
    const desk = createDesk('signups');
    const dies = desk.acquire('dies');
    if (dies.answer !== 'granted') throw new Error('no permit');
    desk.start(dies.permit);
    desk.pass(
      settings.sendWithin + settings.callTimeout.signups + settings.guard + minute + settings.epsilon,
    );
    desk.call('b', {}, no);
    expect(attributionOf(desk)).toBe('unreported_permit');
  });

  it('in a window that an operator let us fill beyond what was kept is ours', () => {
    const desk = createDesk('riders_single');
    const place = { account: 'team', endpoint: 'riders_single' } as const;
    const granted = ['a', 'b'].map((ticket) => {
      const answer = desk.acquire(ticket);
      if (answer.answer !== 'granted') throw new Error('no permit');
      desk.start(answer.permit);
      return answer.permit;
    });
    desk.operate({ do: 'set_policy', ...place, policy: { limit: 1, windowMs: minute } });
    desk.settle(granted[1] ?? '', no);
    expect(attributionOf(desk)).toBe('ours');
  });
});
