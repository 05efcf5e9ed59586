import { expect, it } from 'vitest';
import { riderFilterOf } from './filter.ts';

const filterOf = (query: string) => riderFilterOf(new URLSearchParams(query));

it('the address holds the search and the club', () => {
  expect(filterOf('q=+anna+&clubId=20650')).toEqual({ q: 'anna', clubId: 20_650 });
});

it('without a search, or with a broken one, all riders are listed', () => {
  expect(filterOf('')).toEqual({ q: undefined, clubId: undefined });
  expect(filterOf('q=++&clubId=many')).toEqual(filterOf(''));
});
