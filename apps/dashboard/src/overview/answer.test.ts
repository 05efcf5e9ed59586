import { at, budgetAt, now, waitingRequest } from '@paceline/client/testing';
import type { Part } from '@paceline/client';
import { describe, expect, it } from 'vitest';
import { answerOf } from './answer.ts';

const single = (given: Parameters<typeof budgetAt>[0] = {}) =>
  budgetAt({ budget: 'riders_single', limit: 5, ...given });
const bulk = (given: Parameters<typeof budgetAt>[0] = {}) =>
  budgetAt({ budget: 'riders_bulk', windowSeconds: 900, ...given });
const answer = (budgets: Parameters<typeof answerOf>[0]['budgets'], parts: Part[] = []) =>
  answerOf({ budgets, parts }, now);
const time = (minutes: number) => Date.parse(at(minutes));

describe('whether a rider can be added now', () => {
  it('is yes while a call for a single rider is possible', () => {
    expect(answer([single(), bulk({ freeAt: 10 })])).toEqual({
      can: 'yes',
      reason: '5 calls available (limit 5 per minute).',
    });
  });

  it('is yes while only a bulk call is possible', () => {
    expect(answer([single({ freeAt: 1 }), bulk()])).toMatchObject({ can: 'yes' });
  });

  it('is no until the first of both is possible, with the reason', () => {
    expect(answer([single({ freeAt: 1 }), bulk({ freeAt: 10 })])).toEqual({
      can: 'no',
      at: time(1),
      reason:
        'The limit of Riders (single), 5 per minute, is used. Requested now, the rider is fetched then.',
    });
    expect(
      answer([single({ pausedUntil: { operator: 20 } }), bulk({ pausedUntil: { operator: 15 } })]),
    ).toEqual({
      can: 'no',
      at: time(15),
      reason:
        'Riders (bulk) is paused by an operator. A request waits at most 5 minutes, so add the rider then.',
    });
  });

  it('counts the riders that go first, but no scheduled requests', () => {
    const waiting = [
      waitingRequest('a', 2, -1, 'manual_rider_add'),
      waitingRequest('b', 3, -1, 'manual_rider_add'),
      waitingRequest('c', 9, -1, 'rider_sync'),
    ];
    expect(answer([single({ freeAt: 2, waiting })])).toEqual({
      can: 'no',
      at: time(3),
      reason:
        'The limit of Riders (single), 5 per minute, is used. 2 riders go first. Requested now, the rider is fetched then.',
    });
  });

  it('is no while a part that fetches riders is down, and yes while another one is', () => {
    const down = (part: Part['part']): Part => ({
      part,
      state: 'down',
      since: at(-1),
      title: `No ${part} is running`,
      reason: 'Its work waits.',
      advice: 'Start it.',
    });
    expect(answer([single()], [down('rider-sync')])).toEqual({
      can: 'no',
      reason: 'No rider-sync is running. Start it.',
    });
    expect(answer([single()], [down('event-sync')])).toMatchObject({ can: 'yes' });
  });

  it('is unknown without an answer of the API', () => {
    expect(answer(undefined)).toMatchObject({ can: 'unknown' });
  });
});
