import { expect, it } from 'vitest';
import { endOfImport } from './import.ts';

it.each([
  ['is done when all riders are', { done: 3, failed: 0 }, { state: 'done' }],
  ['is done when some riders are', { done: 1, failed: 2 }, { state: 'done' }],
  [
    'has failed when none is',
    { done: 0, failed: 2 },
    { state: 'failed', reason: 'None of the 2 riders could be fetched' },
  ],
  [
    'has failed when its only one has',
    { done: 0, failed: 1 },
    { state: 'failed', reason: 'The one rider could not be fetched' },
  ],
])('an import %s', (_, counts, end) => {
  expect(endOfImport({ waiting: 0, ...counts })).toEqual(end);
});
