import { describe, expect, it } from 'vitest';
import type { Command } from '../generated.ts';
import { at, now } from '../testing/examples.ts';
import { progress, stepOf, titleOf } from '../text.ts';

const command = (given: Partial<Command>) => given as Command;

describe('the progress of a command', () => {
  it.each<[Partial<Command>, string, number]>([
    [{ state: 'waiting_in_line', position: 2, at: at(0.5) }, 'number 2 in line (18:30:30, in 0:30)', 1],
    [{ state: 'waiting_in_line', position: 2, at: null }, 'number 2 in line', 1],
    [{ state: 'waiting_for_window', until: at(4.2) }, 'waits until a call is free (18:34:12, in 4:12)', 1],
    [{ state: 'paused_by_upstream', until: at(1) }, 'upstream has paused us (18:31:00, in 1:00)', 1],
    [{ state: 'running' }, 'is being fetched', 2],
    [{ state: 'done' }, 'is here', 3],
    [{ state: 'failed', reason: 'Upstream knows no rider 7' }, 'Upstream knows no rider 7', 1],
  ])('%o is said as "%s"', (given, words, step) => {
    expect(progress(command(given), now)).toBe(words);
    expect(stepOf(command(given))).toBe(step);
  });
});

it('a command is called by its rider, or by how many there are', () => {
  expect(titleOf(command({ riderId: 7 }))).toBe('Rider 7');
  expect(titleOf(command({ riderId: null, riders: { waiting: 3, done: 2, failed: 1 } }))).toBe('6 riders');
});
