import { readFile } from 'node:fs/promises';
import { kindNames, laneNames, lanes } from '@paceline/shared/definition';
import { expect, it } from 'vitest';
import { kindColor, laneColor, terminalColors } from './colors.ts';

it('every color has a value for light and dark mode', async () => {
  const css = await readFile(new URL('colors.css', import.meta.url), 'utf8');
  for (const color of Object.keys(terminalColors))
    expect(css.match(new RegExp(`--${color}: #[0-9a-f]{6};`, 'g'))).toHaveLength(2);
});

it('a lane has its color from the definition, a sync kind the color of its lane', () => {
  expect(laneNames.map(laneColor)).toEqual(laneNames.map((lane) => `var(--${lanes[lane].color})`));
  for (const kind of kindNames) expect(laneNames.map(laneColor)).toContain(kindColor(kind));
});
