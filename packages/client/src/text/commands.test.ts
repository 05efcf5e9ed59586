import { describe, expect, it } from 'vitest';
import type { Command } from '../generated.ts';
import { at, now } from '../testing/examples.ts';
import { progress, stepOf, titleOf } from '../text.ts';

const command = (given: Partial<Command>) => given as Command;

describe('the progress of a command', () => {
  it.each<[Partial<Command>, string, number]>([
    [
      { state: 'waiting_in_line', position: 2, estimatedAt: at(0.5) },
      'number 2 in the queue, expected at 18:30:30 (in 0:30)',
      1,
    ],
    [{ state: 'waiting_in_line', position: 2, estimatedAt: null }, 'number 2 in the queue', 1],
    [
      { state: 'waiting_for_window', until: at(4.2) },
      'waiting for the rate limit until 18:34:12 (in 4:12)',
      1,
    ],
    [{ state: 'paused_by_upstream', until: at(1) }, 'paused by ZwiftRacing until 18:31:00 (in 1:00)', 1],
    [{ state: 'running' }, 'being fetched', 2],
    [{ state: 'done' }, 'added', 3],
    [{ state: 'failed', reason: 'Upstream knows no rider 7' }, 'Upstream knows no rider 7', 1],
    [
      { state: 'expired', reason: `Rider 7 can't be fetched before ${at(4.2)}: calls are paused` },
      "Rider 7 can't be fetched before 18:34:12: calls are paused",
      1,
    ],
    [{ state: 'cancelled', reason: 'Cancelled by an operator' }, 'Cancelled by an operator', 1],
  ])('%o reads "%s"', (given, text, step) => {
    expect(progress(command(given), now)).toBe(text);
    expect(stepOf(command(given))).toBe(step);
  });
});

it('the title of a command is its rider, or the number of riders', () => {
  expect(titleOf(command({ riderId: 7 }))).toBe('Rider 7');
  expect(titleOf(command({ riderId: null, riders: { waiting: 3, done: 2, failed: 1 } }))).toBe('6 riders');
});
