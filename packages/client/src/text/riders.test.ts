import { expect, it } from 'vitest';
import { at } from '../testing/examples.ts';
import { ftpText, numberText, racesText } from '../text.ts';

it('a number that is not known is a dash', () => {
  expect(numberText(61.54, 'kg', 1)).toBe('61.5 kg');
  expect(numberText(null, 'kg', 1)).toBe('–');
});

it('FTP is in watts, and per kg if the weight is known', () => {
  expect(ftpText({ zpFtp: 280, weightKg: 62.2 })).toBe('280 W, 4.5 W/kg');
  expect(ftpText({ zpFtp: 280, weightKg: null })).toBe('280 W');
});

it('the races of a rider are counted by outcome', () => {
  const races = { finishes: 9, wins: 1, podiums: 2, dnfs: 1, lastAt: at(0) };
  expect(racesText({ races })).toBe('10 races: 1 win, 2 podiums, 1 DNF, the last on Thu 26 Nov');
  expect(racesText({ races: null })).toBe('No races');
});
