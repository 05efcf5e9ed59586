import { describe, expect, it } from 'vitest';
import { createDesk } from './testing.ts';
import { windows } from './views.ts';

const minute = 60_000;
const place = { account: 'team', endpoint: 'riders_single' } as const;

const viewOf = (desk: ReturnType<typeof createDesk>) =>
  windows(desk.ledger(), 'team', desk.now()).windows.find(({ endpoint }) => endpoint === 'riders_single');

describe('an operator', () => {
  it('pauses a budget: who waits is told until when, also after a crash', () => {
    const desk = createDesk('riders_single');
    const until = desk.now() + 30 * minute;
    desk.operate({ do: 'pause', ...place, until });
    desk.crash();
    expect(desk.acquire('a')).toMatchObject({ reason: 'paused_by_operator', estimatedAt: until });
    desk.pass(30 * minute);
    expect(desk.acquire('a').answer).toBe('granted');
  });

  it('resumes it earlier: whoever is first goes at once', () => {
    const desk = createDesk('riders_single');
    desk.operate({ do: 'pause', ...place, until: desk.now() + 30 * minute });
    desk.acquire('a');
    const { offers } = desk.operate({ do: 'resume', ...place });
    expect(offers.map(({ offer }) => offer.ticket)).toEqual(['a']);
  });

  it('pauses those too who hold a permit and have not started', () => {
    const desk = createDesk('riders_single');
    const granted = desk.acquire('a');
    if (granted.answer !== 'granted') throw new Error('no permit');
    desk.operate({ do: 'pause', ...place, until: desk.now() + minute });
    expect(desk.start(granted.permit).answer).toBe('expired');
  });

  it('releases a pause of upstream’s: one call goes ahead alone, and all follow when it is let in', () => {
    const desk = createDesk('riders_single');
    desk.call('a', {}, { result: 'answered', status: 429, retryAfterMs: 30 * minute });
    expect(desk.acquire('b')).toMatchObject({ reason: 'paused_by_upstream' });
    desk.operate({ do: 'release', ...place });
    const probe = desk.acquire('b');
    if (probe.answer !== 'granted') throw new Error('no permit');
    expect(desk.acquire('c').answer).toBe('waiting');
    desk.start(probe.permit);
    desk.settle(probe.permit);
    expect(desk.acquire('c').answer).toBe('granted');
  });

  it('does not end the operator’s own pause by releasing upstream’s, nor the other way round', () => {
    const desk = createDesk('riders_single');
    desk.call('a', {}, { result: 'answered', status: 429, retryAfterMs: 30 * minute });
    desk.operate({ do: 'pause', ...place, until: desk.now() + 20 * minute });
    desk.operate({ do: 'release', ...place });
    expect(desk.acquire('b')).toMatchObject({ reason: 'paused_by_operator' });
    desk.operate({ do: 'resume', ...place });
    expect(desk.acquire('b').answer).toBe('granted');
  });

  it('sets a stricter policy: it holds from now on, and after a crash', () => {
    const desk = createDesk('riders_single');
    desk.call('a');
    desk.call('b');
    desk.operate({ do: 'set_policy', ...place, policy: { limit: 2, windowMs: minute } });
    desk.crash();
    expect(desk.acquire('c').answer).toBe('waiting');
    expect(viewOf(desk)).toMatchObject({
      policy: { limit: 2, windowMs: minute, from: 'operator' },
      documented: { limit: 5, windowMs: minute },
    });
  });

  it('forgets what was learned: the documented policy holds again', () => {
    const desk = createDesk('riders_single');
    desk.call('a', {}, { result: 'answered', status: 200, learned: { limit: 1, windowMs: minute } });
    expect(desk.acquire('b').answer).toBe('waiting');
    const { offers } = desk.operate({ do: 'forget_policy', ...place });
    expect(offers.map(({ offer }) => offer.ticket)).toEqual(['b']);
    expect(viewOf(desk)?.policy).toMatchObject({ limit: 5, from: 'documented', since: null });
  });

  it('sees every permit in a window, and the first of those who wait with their time', () => {
    const desk = createDesk('riders_single');
    for (const ticket of ['a', 'b', 'c', 'd', 'e', 'f']) {
      if (desk.acquire(ticket).answer === 'granted') desk.start(`1-${desk.facts.length + 1}-${ticket}`);
    }
    const view = viewOf(desk);
    expect(view?.permits).toHaveLength(5);
    expect(view?.available).toBe(0);
    expect(view?.waiting).toMatchObject({ count: 1, next: [{ ticket: 'f', estimatedAt: view?.freeAt }] });
  });
});
