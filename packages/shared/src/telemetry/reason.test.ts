import { expect, it } from 'vitest';
import { reasonOf } from './reason.ts';

it('the reason of an error is the message of its innermost cause', () => {
  const refused = new Error('connect ECONNREFUSED 127.0.0.1:5432');
  expect(reasonOf(refused)).toBe(refused.message);
  expect(reasonOf(new Error('select 1', { cause: new Error('no row', { cause: refused }) }))).toBe(
    refused.message,
  );
  expect(reasonOf(new Error('no reply', { cause: new AggregateError([refused], '') }))).toBe(refused.message);
  expect(reasonOf(new AggregateError([], ''))).toBe('AggregateError');
  expect(reasonOf('closed')).toBe('closed');
});
