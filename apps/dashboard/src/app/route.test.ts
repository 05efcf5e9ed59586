import { expect, it } from 'vitest';
import { routeOf } from './route.ts';

const parts = (hash: string) => {
  const { page, id, query } = routeOf(hash);
  return { page, id, query: Object.fromEntries(query) };
};

it('a hash names a page, an item of it and the state of its list', () => {
  expect(parts('')).toEqual({ page: '', id: undefined, query: {} });
  expect(parts('#/')).toEqual({ page: '', id: undefined, query: {} });
  expect(parts('#/runs/a%20b')).toEqual({ page: 'runs', id: 'a b', query: {} });
  expect(parts('#/riders?q=anna+b%3F&sort=rating')).toEqual({
    page: 'riders',
    id: undefined,
    query: { q: 'anna b?', sort: 'rating' },
  });
});

it('broken escapes in a hash stay as they are', () => {
  expect(parts('#/%')).toEqual({ page: '%', id: undefined, query: {} });
  expect(parts('#/runs/%E0%A4%A?q=%')).toEqual({ page: 'runs', id: '%E0%A4%A', query: { q: '%' } });
});
