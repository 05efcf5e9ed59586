import { describe, expect, it } from 'vitest';
import { preferredWait } from './accept.ts';

describe('the preferred wait', () => {
  it.each([
    ['wait=10', 10],
    ['Wait=10', 10],
    ['wait = "10"', 10],
    ['respond-async, wait=10', 10],
    ['wait=10, respond-async', 10],
    ['wait=10; unit=s', 10],
    ['wait=31', 30],
    ['wait=99999999999999999999999', 30],
  ])('is read from %s', (header, seconds) => {
    expect(preferredWait(header)).toBe(seconds);
  });

  it.each([
    undefined,
    '',
    'wait',
    'wait=',
    'wait=0',
    'wait=-1',
    'wait=1.5',
    'wait=soon',
    'await=5',
    'x; wait=5',
  ])('is undefined for %s', (header) => {
    expect(preferredWait(header)).toBeUndefined();
  });
});
